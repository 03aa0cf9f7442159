"""What is said of the rounds that were measured."""

from dev.bench.figures import Sample, Spread, ratio_by_cpu, ratio_by_requests, spread, times

FLOOR = [Sample(4000, 250, 1), Sample(2000, 500, 1), Sample(5000, 200, 1)]
LIST = [Sample(1000, 1000, 1), Sample(1000, 1000, 1), Sample(1000, 1000, 1)]


class TestASpread:
    def test_is_the_median_with_the_lowest_and_the_highest(self) -> None:
        assert spread([3, 1, 10]) == Spread(3, 1, 10)

    def test_lies_between_the_two_in_the_middle(self) -> None:
        assert spread([4, 1, 2, 9]).middle == 3


class TestARatio:
    def test_by_cpu_is_the_floors_to_ours(self) -> None:
        assert ratio_by_cpu(LIST, FLOOR) == Spread(0.25, 0.2, 0.5)

    def test_by_requests_is_ours_to_the_floors(self) -> None:
        assert ratio_by_requests(LIST, FLOOR) == Spread(0.25, 0.2, 0.5)

    def test_holds_each_round_against_its_own_floor(self) -> None:
        # The machine was half as fast in the second round, for both.
        halved = [Sample(1000, 1000, 1), Sample(500, 2000, 1)]
        assert ratio_by_cpu(halved, FLOOR[:2]) == Spread(0.25, 0.25, 0.25)

    def test_of_the_floor_is_one(self) -> None:
        assert ratio_by_cpu(FLOOR, FLOOR) == ratio_by_requests(FLOOR, FLOOR) == Spread(1, 1, 1)


class TestTheCpuOfAnother:
    def test_is_told_in_ours(self) -> None:
        assert times(LIST, FLOOR) == 4
