"""What the README says of the settings is what the settings say."""

from app.config import Settings
from tests.conftest import ROOT


def settings_table() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", None, (), False) else f"`{field.default}`"
        rows.append(f"| `{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


class TestTheReadme:
    def test_has_the_table_of_the_settings(self) -> None:
        assert settings_table() in (ROOT / "README.md").read_text(), f"the table should be:\n{settings_table()}"
