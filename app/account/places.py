"""Exports and imports hold a thread for as long as they take: each person has one of them, and a worker two."""

from threading import Lock

from app.errors import InkwellError

PLACES = 2


class UnderWay(InkwellError):
    """The person has an export or an import under way."""

    status = 429
    sentence = "You have an export or an import under way already. Wait until it is done, then try again."


class TooManyAtOnce(InkwellError):
    """There are as many exports and imports under way as this worker takes."""

    status = 503
    sentence = "There are too many exports and imports at the moment. Please try again in some minutes."


class Places:
    """Who has one under way, in this worker."""

    def __init__(self, number: int = PLACES) -> None:
        self._number = number
        self._lock = Lock()
        self._taken: set[int] = set()

    def take(self, user_id: int) -> None:
        """Take a place, which `leave` gives back. Raises UnderWay or TooManyAtOnce."""
        with self._lock:
            if user_id in self._taken:
                raise UnderWay
            if len(self._taken) >= self._number:
                raise TooManyAtOnce
            self._taken.add(user_id)

    def leave(self, user_id: int) -> None:
        with self._lock:
            self._taken.discard(user_id)


places = Places()
