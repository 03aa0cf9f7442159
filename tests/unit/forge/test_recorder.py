"""What a server writes down of its requests, beside the application."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT
from tests.forge.evidence.record import Asked, Request, now, requests_since
from tests.forge.server import Listener, LiveServer, gunicorn, live_server, started

pytestmark = pytest.mark.programs

HERE = Path(__file__).parent
SERVE = gunicorn("tests.unit.forge.recorded_app:app", "--workers", "1", "--threads", "4", ready="/missing")


def get(url: str, path: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        # The server hangs up once all is done, and that comes after the answer's last byte.
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
        return int(head.split()[1]), body


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(SERVE, tmp_path_factory.mktemp("recorded")) as server:
        yield server


def recorded(server: LiveServer, *paths: str) -> list[Request]:
    """What is recorded of these requests, sent at the same time."""
    assert server.record
    start = now()
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda path: get(server.url, path), paths))
    return list(requests_since(server.record, start))


def asked(server: LiveServer, path: str, kind: str) -> Asked:
    [request] = [each for each in recorded(server, path) if each.path == path]
    return next(each for each in request.asked if each.kind == kind)


class TestARequest:
    def test_is_recorded_with_its_answer(self, server: LiveServer) -> None:
        [found] = recorded(server, "/missing?page=2")
        assert (found.method, found.path, found.query, found.status) == ("GET", "/missing", "?page=2", 404)

    def test_is_known_by_the_headers_of_its_answer(self, server: LiveServer) -> None:
        [found] = recorded(server, "/missing")
        assert (found.id, found.cache, found.timing) == ("an-id", "hit", "blogs;dur=1")

    @pytest.mark.parametrize("path", ["/missing?code=a-secret-value", "/moved", "/call", "/cookie"])
    def test_leaves_no_secret_of_an_address(self, server: LiveServer, path: str) -> None:
        recorded(server, path)
        assert server.record
        assert "a-secret-value" not in server.record.read_text()

    def test_does_not_mix_with_one_beside_it(self, server: LiveServer) -> None:
        found = recorded(server, "/beside/ada", "/beside/ben")
        assert {each.path: each.log[0].text for each in found} == {
            "/beside/ada": "small: this is ada",
            "/beside/ben": "small: this is ben",
        }

    def test_says_which_cookies_its_answer_set(self, server: LiveServer) -> None:
        assert recorded(server, "/cookie")[0].sets == ["theme; Path=/blogs"]

    def test_that_the_app_refused_has_no_traceback(self, server: LiveServer) -> None:
        assert recorded(server, "/missing")[0].traceback == ""

    def test_that_broke_has_its_traceback(self, server: LiveServer) -> None:
        assert recorded(server, "/broken")[0].traceback.endswith("ValueError: spilt\n")

    def test_has_the_exceptions_that_were_only_logged(self, server: LiveServer) -> None:
        [logged] = recorded(server, "/logged")[0].log
        assert (logged.level, logged.text.splitlines()[-1]) == ("error", "KeyError: 'mislaid'")


class TestAStatement:
    def test_is_recorded_with_the_line_that_asked(self, server: LiveServer) -> None:
        found = asked(server, "/query", "sql")
        line = (HERE / "recorded_app.py").read_text().splitlines()[int(found.stack[0].split(":")[1].split()[0]) - 1]
        assert (found.text, "connection.execute(text" in line) == ("SELECT ?, ?", True)

    def test_names_the_function_that_asked(self, server: LiveServer) -> None:
        assert asked(server, "/query", "sql").stack[0].endswith(" query")

    def test_says_of_its_parameters_what_they_are_alone(self, server: LiveServer) -> None:
        assert asked(server, "/query", "sql").parameters == ["str 12", "int"]

    def test_that_failed_says_so(self, server: LiveServer) -> None:
        assert asked(server, "/wrong-query", "sql").answer == "OperationalError"

    def test_is_recorded_while_an_answer_is_being_sent(self, server: LiveServer) -> None:
        assert asked(server, "/late", "sql").text == "SELECT 'late'"


class TestACallToAnotherServer:
    def test_is_recorded_with_its_answer(self, server: LiveServer) -> None:
        found = asked(server, "/call", "call")
        assert (found.text, found.answer) == (f"GET {server.url.replace('http://', '')}/missing", "404")

    def test_is_recorded_of_a_thread_that_a_request_has_started(self, server: LiveServer) -> None:
        assert asked(server, "/call-in-a-thread", "call").answer == "404"

    def test_that_nobody_answers_has_none(self, server: LiveServer) -> None:
        found = asked(server, "/call-nobody", "call")
        assert (found.ms, found.answer) == (None, "")


WITH_A_FILE = """
import io, os
from pathlib import Path
from werkzeug.wsgi import FileWrapper
from tests.conftest import ROOT
from tests.forge.evidence.recorder import recorded

file = FileWrapper(io.BytesIO())
app = recorded(lambda environ, start_response: file, Path(os.devnull))
assert app({"wsgi.file_wrapper": FileWrapper}, print) is file
"""


class TestAnAnswer:
    def test_that_is_a_file_is_known_as_one_to_the_server(self) -> None:
        # In a process of its own, which is listened to from then on.
        subprocess.run([sys.executable, "-c", WITH_A_FILE], cwd=ROOT, check=True)

    def test_that_is_a_file_comes_whole(self, server: LiveServer) -> None:
        assert get(server.url, "/file") == (200, (HERE / "recorded_app.py").read_bytes())

    def test_is_the_same_when_nothing_can_be_recorded(self, tmp_path: Path) -> None:
        listener, log = Listener(), tmp_path / "log"
        with started(SERVE(listener), listener, log, record=Path("/dev/full")):
            assert get(listener.url, "/query") == (200, b"Ada Lovelace")
            assert get(listener.url, "/file")[0] == 200
        assert "Traceback" not in log.read_text()
