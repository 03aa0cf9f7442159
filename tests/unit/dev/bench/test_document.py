"""The page that `bin/bench` writes."""

from xml.etree import ElementTree

import pytest

from dev.bench.document import Results, document, pictures, ranged, table
from dev.bench.figures import Sample, Spread, spread
from dev.bench.load import Request
from dev.bench.measures import GROWING, QUICK, Crowd, Grown, Start
from dev.bench.pictures import Axis, apart, short
from dev.bench.rows import FLOORS, LINES, Line

OURS, KNOWN = (
    next(line for line in LINES if (line.row, line.title) == named)
    for named in [("cached", "Inkwell, SQLite"), ("cached", "Inkwell, its 304")]
)
PEER = next(line for line in LINES if line.server == "django")
PAGE = next(line for line in LINES if line.row == "page")


def rounds(cpu: float, wrong: int = 0) -> list[Sample]:
    return [Sample(1e6 / cpu, cpu, 1, wrong), Sample(1e6 / cpu, cpu, 1)]


def results(samples: dict[Line, list[Sample]] | None = None) -> Results:
    measured = {FLOORS[0]: rounds(200), FLOORS[1]: rounds(100), OURS: rounds(500), PEER: rounds(1000)}
    return Results(QUICK, ["a machine"], measured | (samples or {}))


class TestThePage:
    def test_tells_the_figures_of_a_line(self) -> None:
        assert "| **Inkwell, SQLite** | 500 | **0.40** | 2,000 | 0.40 | 1.00 |" in document(results())

    def test_tells_how_many_times_our_cpu_a_peer_uses(self) -> None:
        assert "| Django, django-redis | 1,000 | **0.20** | 1,000 | 0.20 | 2.00 |" in document(results())

    def test_has_a_word_where_there_is_nothing_yet(self) -> None:
        measured = results()
        measured.words = {KNOWN: "none"}
        assert "| **Inkwell, its 304** | none |  |  |  |  |" in document(measured)

    def test_says_so_where_an_answer_was_wrong(self) -> None:
        measured = results({PAGE: rounds(800, wrong=3)})
        page = document(measured)
        assert (measured.wrong, "**3 were wrong.**" in page, "| 3 wrong |  |  |  |" in page) == (3, True, True)

    def test_says_that_none_was(self) -> None:
        assert "None was wrong." in document(results())

    @pytest.mark.parametrize(("share", "told"), [(0.97, False), (0.4, True)])
    def test_says_whether_others_were_at_work(self, share: float, told: bool) -> None:
        busy = [Sample(5000, 200, share)] * 2
        assert ("Others were at work" in document(results({FLOORS[0]: busy}))) == told

    def test_has_no_part_that_was_not_measured(self) -> None:
        parts = [line for line in document(results()).splitlines() if line.startswith("## ")]
        assert parts == ["## The list of 20 blogs as JSON, from the cache", "## How it was measured"]


class TestThePageOfAWholeRun:
    @pytest.fixture
    def whole(self) -> Results:
        whole = results({PAGE: rounds(800)})
        whole.starts = [Start("inkwell", spread([1.5, 1.25]), spread([1]))]
        whole.memory = {"inkwell": 110.4, "express": 80}
        whole.grown = [
            Grown(server, what, blogs, Request("/", {}), [2.0, 4.0], 12.5)
            for server in ("inkwell", "inkwell-postgres")
            for blogs in (20, 1000)
            for what in GROWING
        ]
        whole.crowds = [Crowd(1000, Sample(500, 1900, 1, 2), 140.2)]
        return whole

    def test_shows_every_picture_that_there_is(self, whole: Results) -> None:
        page = document(whole)
        assert {name for name in pictures(whole) if f"](performance/{name})" not in page} == set()
        assert page.count("](performance/") == len(pictures(whole))

    def test_tells_what_is_measured_in_other_ways(self, whole: Results) -> None:
        page = document(whole)
        rows = [
            "| Inkwell | 1.38 (1.25 to 1.50) | 1.00 |",
            "| Express | 80 |",
            "| PostgreSQL | 1,000 | 3.0 | 12.5 |",
            "| 1,000 | 1,900 | 500 | 140 |",
        ]
        assert [row for row in rows if row not in page] == []

    def test_counts_the_wrong_answers_of_a_crowd(self, whole: Results) -> None:
        assert whole.wrong == 2

    def test_has_pictures_in_light_and_dark_that_can_be_read(self, whole: Results) -> None:
        for picture in pictures(whole).values():
            ElementTree.fromstring(picture)  # noqa: S314  it is our own
            assert "prefers-color-scheme:dark" in picture


class TestATable:
    def test_is_markdown(self) -> None:
        assert table(["", "MB"], [("Inkwell", "110")]) == "|  | MB |\n| --- | --: |\n| Inkwell | 110 |"

    @pytest.mark.parametrize(
        ("value", "told"), [(Spread(1500, 1400, 1600), "1,500 (1,400 to 1,600)"), (Spread(7, 7, 7), "7")]
    )
    def test_tells_how_far_a_figure_goes(self, value: Spread, told: str) -> None:
        assert ranged(value) == told


class TestAnAxis:
    def test_goes_from_one_power_of_ten_to_another(self) -> None:
        assert Axis.around([20, 3000], 0, 300).ticks == [10, 100, 1000, 10000]

    def test_has_two_ends_where_all_is_alike(self) -> None:
        assert Axis.around([10, 10], 0, 300).ticks == [10, 100]

    def test_puts_equal_ratios_at_equal_distances(self) -> None:
        axis = Axis.around([1, 1000], 0, 300)
        assert [axis.at(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])


class TestTheNamesAtTheEnds:
    def test_move_down_where_two_would_be_on_top_of_each_other(self) -> None:
        assert apart([50, 45, 200], least=20) == [65, 45, 200]


class TestAFigure:
    @pytest.mark.parametrize(("value", "told"), [(1234.5, "1,234"), (12.34, "12.3"), (0.5, "0.5")])
    def test_has_at_least_its_first_three_digits(self, value: float, told: str) -> None:
        assert short(value) == told
