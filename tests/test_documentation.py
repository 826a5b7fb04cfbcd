"""The documentation says what the program does."""

import re
from pathlib import Path

from rag.settings import PREFIX, Settings

DOCS = Path(__file__).parent.parent / "docs"
ROW = re.compile(rf"^\| `{PREFIX}(\w+)` \| `?([^|`]*?)`? \|", re.MULTILINE)


def test_every_setting_is_documented_with_its_default() -> None:
    documented = dict(ROW.findall((DOCS / "settings.md").read_text(encoding="utf-8")))
    assert set(documented) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        shown = documented[name.upper()]
        if isinstance(field.default, bool):
            assert shown == str(field.default).lower(), name
        elif isinstance(field.default, int | float):
            assert float(shown) == field.default, name
        elif isinstance(field.default, str):
            assert shown == field.default, name
