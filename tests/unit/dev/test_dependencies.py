"""What pyproject.toml asks for."""

import importlib.metadata
import re
import tomllib

from tests.conftest import ROOT
from tests.forge.imports import imported_by
from tests.unit.test_structure import APP, TOP

STARTED_BY_NAME = {"gunicorn", "psycopg"}


class TestTheBlogsDependencies:
    def test_are_all_used_by_its_own_code(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        declared = {re.split(r"[\[>=]", each)[0] for each in project["dependencies"]}
        imported = {
            module.partition(".")[0] for path in [*APP.values(), *TOP] for module in imported_by(path, ROOT, APP)
        }
        known = importlib.metadata.packages_distributions()
        used = {name.lower().replace("_", "-") for module in imported for name in known.get(module, [])}
        assert declared - used - STARTED_BY_NAME == set()
