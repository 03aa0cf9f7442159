"""What was measured, round by round, and what is said of it."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One line in one round: requests answered per second, the server's own CPU µs for each, and its share of its core.

    `wrong` counts the answers that were not the expected one.
    """

    per_second: float
    cpu: float
    share: float
    wrong: int = 0


@dataclass(frozen=True)
class Spread:
    middle: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """The median, with the lowest and the highest."""
    known = sorted(values)
    return Spread(statistics.median(known), known[0], known[-1])


def times(samples: Sequence[Sample], others: Sequence[Sample]) -> float:
    """How many times the others' CPU is used for a request, by the medians."""
    return spread(sample.cpu for sample in samples).middle / spread(other.cpu for other in others).middle


def ratio_by_cpu(samples: Sequence[Sample], floor: Sequence[Sample]) -> Spread:
    """How much of the floor's speed is reached, by CPU: each round is held against its own floor."""
    return spread(least.cpu / sample.cpu for sample, least in zip(samples, floor, strict=True))


def ratio_by_requests(samples: Sequence[Sample], floor: Sequence[Sample]) -> Spread:
    """The same by requests per second."""
    return spread(sample.per_second / most.per_second for sample, most in zip(samples, floor, strict=True))
