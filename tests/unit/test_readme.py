"""What the README says of the settings is what the settings say, and what it says of the project is so."""

import re
import tomllib

from app.config import Settings
from tests.conftest import ROOT


def settings_table() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        shown = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
        default = "" if shown is False or shown in ("", None) else f"`{shown}`"
        rows.append(f"| `{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


class TestTheReadme:
    def test_has_the_table_of_the_settings(self) -> None:
        assert settings_table() in (ROOT / "docs/settings.md").read_text(), f"the table should be:\n{settings_table()}"

    def test_names_the_oldest_python_that_installs(self) -> None:
        oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
        assert f"You need Python {oldest} or newer." in (ROOT / "README.md").read_text()

    def test_names_the_licence(self) -> None:
        [name] = re.findall(r"\[(\w+)\]\(LICENSE\), © the Inkwell authors", (ROOT / "README.md").read_text())
        terms = (ROOT / "LICENSE").read_text()
        assert (terms.startswith(f"{name} License\n"), "the Inkwell authors\n" in terms) == (True, True)

    def test_writes_flask_as_it_is_called_in_development(self) -> None:
        assert re.findall(r"^flask --app wsgi", (ROOT / "README.md").read_text(), re.MULTILINE) == []
