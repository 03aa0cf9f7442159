"""The pytest plugin: options, one verdict for each test, and what a failing test shows."""

import argparse
import fcntl
import gc
import os
import shutil
from collections.abc import Generator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import playwright
import pytest

from . import changed, fast, fixtures, gathering, limits, looks, recording
from .again import Ending
from .browsers import refuse_what_cannot_be
from .evidence.folder import folder_of
from .fixtures import VISITS, Visit
from .limits import set_limit
from .noting import Noting
from .pictures import UPDATE, refuse_to_write_in_ci
from .report.collect import Describer
from .report.results import EXAMINED
from .shards import Shard, shard
from .visits import Visits

LOG_LINES = 20
# What these ask for is not a run of tests, and leaves the results of the last one alone.
NO_TESTS = ("help", "version", "markers", "showfixtures", "show_fixtures_per_test", "cacheshow", "collectonly")
NOT_THE_TESTS = tuple(str(Path(file).parent) for file in (playwright.__file__, __file__))

# What is imported and collected stays to the end: to look for garbage in it again and again is a fifth of the start.
gc.disable()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("forge", "browser tests behind a login")
    group.addoption("--connect", metavar="WS_URL", help="use a browser that runs elsewhere, by its WebSocket address")
    group.addoption("--shard", metavar="I/N", type=shard, help="run the I-th of N parts, which take about equally long")
    group.addoption("--fast", action="store_true", help="leave out what needs a browser or another program")
    group.addoption(
        "--changed", metavar="REF", nargs="?", const=changed.DEFAULT, help="only what a change since then can reach"
    )
    group.addoption("--repeat-each", metavar="N", type=repetitions, default=1, help="run each test N times")
    group.addoption(UPDATE, action="store_true", help="write the pictures that pages are compared with")
    group.addoption("--trying-again", action="store_true", help=argparse.SUPPRESS)
    gathering.add_options(group)
    parser.addini("flaky_budget", "how many flaky tests a run may have and pass", default="0")
    parser.addini("quarantine", "the file of tests that may fail until their day", default="tests/quarantine.toml")
    parser.addini("slow_fixtures", "fixtures that start programs, which --fast leaves out", type="args", default=[])
    parser.addini("pictures", "the folder of the pictures that pages are compared with", default="tests/pictures")
    parser.addini("durations", "the file of how long each file of tests takes", default="tests/durations.json")
    parser.addini("visits", "the file of which views each file of tests reaches", default="tests/visits.json")
    # In one line, as what cannot be is refused; pytest's own way adds four.
    parser.optparser.error = _refuse  # type: ignore[method-assign]


def repetitions(value: str) -> int:
    """Raises ArgumentTypeError for what is no number of times."""
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"{value!r} is no number of times; 2 runs each test twice")
    return int(value)


def _refuse(message: str) -> NoReturn:
    raise pytest.UsageError(f"{message}; --help says what there is.")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    set_limit(config)
    config.pluginmanager.register(limits, "forge-limits")
    # After pytest-playwright's own, whatever the order in which the two were found.
    config.pluginmanager.register(fixtures, "forge-fixtures")
    config.pluginmanager.register(recording, "forge-recording")
    config.pluginmanager.register(gathering, "forge-evidence")
    config.pluginmanager.register(looks, "forge-looks")
    if file := config.getoption("--note-secrets"):
        # Around the others: what a test's evidence gives away is known when all of it is written.
        config.pluginmanager.register(Noting(file), "forge-canaries")
        if not (hasattr(config, "workerinput") or config.getoption("--trying-again")):
            file.unlink(missing_ok=True)
    if wanted := config.getoption("--shard"):
        number, count = wanted
        config.pluginmanager.register(Shard(number, count, config.rootpath / config.getini("durations")), "forge-shard")
    fast.init(config)
    if config.getoption("--fast"):
        config.pluginmanager.register(fast.Fast(config), "forge-fast")
    if config.getoption("--changed"):
        config.pluginmanager.register(changed.Changed(config), "forge-changed")
    if any(getattr(config.option, name, False) for name in NO_TESTS):
        return
    config.pluginmanager.register(Visits(), "forge-visits")
    describer = Describer(config, folder_of, lambda item: gathering.scrubber_of(item).text)
    config.pluginmanager.register(describer, "forge-describer")
    if not hasattr(config, "workerinput"):
        refuse_what_cannot_be(config)
        refuse_to_write_in_ci(config)
        refuse_what_is_not_there(config)
        config.add_cleanup(partial(os.close, _taken(Path(config.getoption("--output")).resolve(), config.rootpath)))
        config.pluginmanager.register(Ending(config), "forge-ending")


def refuse_what_is_not_there(config: pytest.Config) -> None:
    # Of what its workers cannot find, xdist says nothing.
    for named in config.args:
        if not (config.option.pyargs or (config.invocation_params.dir / named.partition("::")[0]).exists()):
            raise pytest.UsageError(f"There is no {named.partition('::')[0]}.")


def _taken(output: Path, root: Path) -> int:
    """Empty the folder of the results, and hold it against other runs as long as what is returned stays open."""
    if root.is_relative_to(output):
        raise pytest.UsageError(f"--output is emptied first, and {output} holds the project itself.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        held = os.open(output, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for each in output.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    except BlockingIOError:
        raise pytest.UsageError(f"Another run is using {output}: wait for it, or use another --output.") from None
    except OSError as error:
        raise pytest.UsageError(f"The results cannot be written to {output}: {error.strerror}.") from None
    return held


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    gc.freeze()
    gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if (times := metafunc.config.getoption("--repeat-each")) > 1:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, times + 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that leaves something wrong behind fails as if it had said so itself: one test, one verdict."""
    __tracebackhide__ = True
    result = yield
    visits = item.stash.get(VISITS, [])
    for visit in visits:
        _examine(item, visit)
    if problems := [problem for visit in visits for problem in visit.checks.settle()]:
        pytest.fail("\n".join(problems), pytrace=False)
    return result


def _examine(item: pytest.Item, visit: Visit) -> None:
    for page, problems in visit.examination.of(visit.page.context, visit.server.own_hosts):
        item.user_properties.append((EXAMINED, page))
        for problem in problems:
            visit.checks.note(problem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Hide the frames that are not the test's own, and show what its pages and its server said meanwhile."""
    if call.excinfo and not item.config.getoption("fulltrace"):
        error = call.excinfo.value
        call.excinfo = pytest.ExceptionInfo.from_exc_info(
            (type(error), error, _own(call.excinfo.tb) or call.excinfo.tb)
        )
    report = yield
    if report.failed and item.stash.get(VISITS, None):
        report.sections += [(title, text) for title, text in _evidence(item.stash[VISITS]) if text]
    return report


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """The same traceback without the frames of libraries and of this one."""
    if traceback is None:
        return None
    below, file = _own(traceback.tb_next), traceback.tb_frame.f_code.co_filename
    if file.startswith(NOT_THE_TESTS):
        return below
    return TracebackType(below, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def _evidence(visits: list[Visit]) -> Generator[tuple[str, str]]:
    yield "Problems on the pages", "\n".join(problem for visit in visits for problem in visit.checks.settle())
    yield "Requests in the page", "\n".join(str(answer) for visit in visits for answer in visit.answers())
    yield "Server log of this test", _tail(visits[0].server.log_since(visits[0].logged))


def _tail(log: str) -> str:
    lines = log.splitlines()
    left_out = [f"(… {len(lines) - LOG_LINES} lines before)"] if len(lines) > LOG_LINES else []
    return "\n".join([*left_out, *lines[-LOG_LINES:]])
