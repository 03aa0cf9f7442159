"""The migrations lead to what the models say."""

import secrets
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from app.config import Settings
from tests.conftest import ROOT


class TestAnEmptyDatabase:
    @pytest.fixture(autouse=True)
    def migrated(self, tmp_path: Path) -> None:
        settings = Settings(_env_file=None, secret_key=secrets.token_hex(32), instance_dir=tmp_path, database_url="")
        self.config = Config(toml_file=ROOT / "pyproject.toml")
        self.config.attributes["settings"] = settings
        command.upgrade(self.config, "head")

    def test_has_no_difference_to_the_models(self) -> None:
        command.check(self.config)

    def test_can_go_all_the_way_back_and_forth(self) -> None:
        command.downgrade(self.config, "base")
        command.upgrade(self.config, "head")
        command.check(self.config)
