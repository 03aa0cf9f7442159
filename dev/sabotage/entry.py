"""One sabotage: a defence or a behaviour of the app that is taken out, to see whether a test notices."""

from dataclasses import dataclass


class DoesNotApply(Exception):
    """The text to take out is not in its file, or not once."""


@dataclass(frozen=True)
class Sabotage:
    """Puts a text in place of another, which is in its file exactly once. `tests` are those likely to notice: a folder,
    a file, or a class of a file that takes long.

    What is left must import and run: a program that is broken is no program without a defence. `rule` is the number of
    the security rule that the defence keeps; one at random has none.
    """

    name: str
    file: str
    take_out: str
    put: str
    tests: tuple[str, ...]
    rule: int | None = None

    def applied_to(self, source: str) -> str:
        """The file's text without the defence. Raises DoesNotApply."""
        found = source.count(self.take_out)
        if found != 1:
            raise DoesNotApply(f"{self.name}: its text is in {self.file} {found} times, not once")
        return source.replace(self.take_out, self.put)
