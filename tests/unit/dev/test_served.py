import os
from pathlib import Path

import pytest

from dev.served import NOTE, loaded, noted, served


@pytest.mark.usefixtures("empty_folder")
class TestTheServedAddress:
    def test_is_known_while_the_blog_runs(self) -> None:
        with noted(loaded(8123)):
            del_port()
            assert (served().port, served().base_url) == (8123, "http://localhost:8123")

    def test_is_forgotten_when_it_ends(self) -> None:
        with noted(loaded(8123)):
            del_port()
        assert served().port == 8000

    def test_gives_way_to_one_that_is_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with noted(loaded(8123)):
            monkeypatch.setenv("PORT", "8124")
            assert served().base_url == "http://localhost:8124"

    def test_counts_more_than_the_file_of_settings(self, empty_folder: Path) -> None:
        (empty_folder / ".env").write_text("PORT=8001")
        with noted(loaded(8123)):
            del_port()
            assert served().port == 8123

    def test_stays_where_another_start_has_written_its_own(self) -> None:
        with noted(loaded(8123)) as note:
            with noted(loaded(8124)):
                address = note.read_text()
            note.write_text(address)
        assert (note.name, note.read_text()) == (NOTE, address)


def del_port() -> None:
    """As in another terminal, where nobody has set it."""
    del os.environ["PORT"]
