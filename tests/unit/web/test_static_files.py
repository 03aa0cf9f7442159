"""The pages' style and scripts."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.web import static_files
from tests.conftest import NewApp

YEAR = "public, max-age=31536000, immutable"
STYLE = (static_files.FOLDER / "inkwell.css").read_bytes()


def path_on(app: Flask, name: str = "inkwell.css") -> str:
    """Where the pages of that blog have the file from."""
    page = app.test_client().get("/").text
    [folder] = set(re.findall(r'"(/static/[^"]+/)[^"/]+"', page))
    return f"{folder}{name}"


@pytest.fixture
def path(app: Flask) -> str:
    return path_on(app)


@pytest.fixture
def deployed(new_app: NewApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The blog with another style."""
    for file in static_files.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "inkwell.css").write_bytes(b"a { color: red }")
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    return new_app()


class TestAFileOfThePages:
    def test_is_kept_for_a_year(self, client: FlaskClient, path: str) -> None:
        assert client.get(path).headers["Cache-Control"] == YEAR

    def test_is_as_it_is_written(self, client: FlaskClient, path: str) -> None:
        assert client.get(path).get_data() == STYLE

    @pytest.mark.parametrize("name", [path.name for path in static_files.FOLDER.iterdir()])
    def test_has_a_type_that_a_browser_takes(self, app: Flask, client: FlaskClient, name: str) -> None:
        types = {
            "css": "text/css",
            "js": "text/javascript",
            "svg": "image/svg+xml",
            "txt": "text/plain",
            "woff2": "font/woff2",
        }
        assert client.get(path_on(app, name)).mimetype == types[name.rpartition(".")[2]]

    def test_is_compressed_for_who_can_read_that(self, client: FlaskClient, path: str) -> None:
        answer = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert (answer.headers["Content-Encoding"], gzip.decompress(answer.get_data())) == ("gzip", STYLE)

    @pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0"])
    def test_is_left_as_it_is_for_others(self, client: FlaskClient, path: str, accepted: str) -> None:
        answer = client.get(path, headers={"Accept-Encoding": accepted})
        assert ("Content-Encoding" in answer.headers, answer.get_data()) == (False, STYLE)

    @pytest.mark.parametrize("accepted", ["", "gzip"])
    def test_is_kept_apart_for_both(self, client: FlaskClient, path: str, accepted: str) -> None:
        assert client.get(path, headers={"Accept-Encoding": accepted}).headers.get("Vary") == "Accept-Encoding"

    def test_has_another_tag_when_it_is_compressed(self, client: FlaskClient, path: str) -> None:
        tags = {client.get(path, headers={"Accept-Encoding": each}).headers["ETag"] for each in ("", "gzip")}
        assert len(tags) == 2

    def test_has_a_length_without_its_body(self, client: FlaskClient, path: str) -> None:
        answer = client.head(path)
        assert (answer.headers["Content-Length"], answer.get_data()) == (str(len(STYLE)), b"")

    def test_is_sent_in_part(self, client: FlaskClient, path: str) -> None:
        answer = client.get(path, headers={"Range": "bytes=2-9"})
        assert (answer.status_code, answer.get_data()) == (206, STYLE[2:10])


class TestAFileThatAReaderHas:
    @pytest.mark.parametrize("accepted", ["", "gzip"])
    def test_is_not_sent_again(self, client: FlaskClient, path: str, accepted: str) -> None:
        headers = {"Accept-Encoding": accepted}
        tag = client.get(path, headers=headers).headers["ETag"]
        again = client.get(path, headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.get_data(), again.headers["Cache-Control"]) == (304, b"", YEAR)


class TestAnotherVersionsPath:
    """An old page that comes to a new worker, or, while a reload lasts, the other way round."""

    @pytest.fixture(autouse=True)
    def answered(self, deployed: Flask, path: str) -> None:
        self.answer: TestResponse = deployed.test_client().get(path)

    def test_leads_to_what_is_there(self) -> None:
        assert (self.answer.status_code, self.answer.get_data()) == (200, b"a { color: red }")

    def test_is_looked_at_again_each_time(self) -> None:
        assert self.answer.headers["Cache-Control"] == "no-cache"

    def test_is_not_its_own(self, deployed: Flask, path: str) -> None:
        assert path_on(deployed) != path


class TestAPathWithoutAVersion:
    def test_is_looked_at_again_each_time(self, client: FlaskClient) -> None:
        answer = client.get("/static/inkwell.css")
        assert (answer.get_data(), answer.headers["Cache-Control"]) == (STYLE, "no-cache")


class TestAFileThatIsReplacedWhileAWorkerRuns:
    def test_is_sent_as_it_was(self, deployed: Flask, tmp_path: Path) -> None:
        (tmp_path / "inkwell.css").write_bytes(b"newer")
        assert deployed.test_client().get(path_on(deployed)).get_data() == b"a { color: red }"


class TestWhatIsNoFileOfThePages:
    @pytest.mark.parametrize(
        "name", ["missing.js", "../factory.py", "%2e%2e/factory.py", "..%2ffactory.py", "", "/etc/passwd"]
    )
    def test_is_not_there(self, client: FlaskClient, path: str, name: str) -> None:
        answer = client.get(path.replace("inkwell.css", name))
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
