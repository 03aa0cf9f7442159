"""The rows that `bin/bench` takes, and their lines."""

import re

import pytest
from gunicorn.workers.gthread import ThreadWorker

from app.worker import Worker
from dev.bench.command import HELP, parsed
from dev.bench.rows import FLOORS, LINES, LOADED, ROWS, lines_of
from dev.steps import SetupError
from tests.conftest import ROOT


class TestTheRows:
    def test_are_all_measured_unless_some_are_named(self) -> None:
        assert (parsed([]).rows, parsed([]).quick) == ([], False)

    def test_can_be_named(self) -> None:
        assert parsed(["cached", "--quick", "people"]).rows == ["cached", "people"]

    @pytest.mark.parametrize("words", [["chached"], ["cached", "--slow"], ["--rows"]])
    def test_are_refused_in_one_line_where_there_is_none(self, words: list[str]) -> None:
        with pytest.raises(SetupError, match=r"^bin/bench: .*; bin/bench --help says what it takes\Z"):
            parsed(words)

    def test_that_are_loaded_have_lines_each(self) -> None:
        assert {line.row for line in LINES} == LOADED.keys()

    def test_come_with_the_floor_that_they_are_held_against(self) -> None:
        assert [line.row for line in lines_of({"healthz"})] == ["floor", "floor", "healthz"]

    def test_have_no_line_twice(self) -> None:
        named = [(line.row, line.title) for line in (*FLOORS, *LINES)]
        assert len(named) == len({*named})

    def test_are_all_in_the_help(self) -> None:
        assert {row for row in ROWS if not re.search(rf"\b{row}\b", HELP)} == set()


class TestThePeersServer:
    def test_has_the_threads_of_the_blogs(self) -> None:
        def settings(file: str) -> set[str]:
            return {*re.findall(r"^(?:threads|keepalive) = .*$", (ROOT / file).read_text(), re.MULTILINE)}

        blogs = settings("gunicorn.conf.py")
        assert (settings("benchmarks/peers/gunicorn.conf.py"), len(blogs)) == (blogs, 2)

    def test_has_the_worker_that_the_blogs_is_made_of(self) -> None:
        assert 'worker_class = "gthread"' in (ROOT / "benchmarks/peers/gunicorn.conf.py").read_text()
        assert issubclass(Worker, ThreadWorker)

    def test_is_locked_without_the_name_of_a_registry(self) -> None:
        locked = (ROOT / "benchmarks/peers/package-lock.json").read_text()
        assert ('"resolved"' in locked, locked.count('"integrity"') > 0) == (False, True)
