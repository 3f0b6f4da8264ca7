"""The configuration's JSON Schema and its page in the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from nephoscope.settings import Configuration, load
from nephoscope.settings.written import read

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
SCHEMA = msgspec.json.schema(Configuration)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def rows() -> Iterator[tuple[str, str]]:
    """Each setting's section and its row on the page, as the types tell it."""
    for section, schema in SCHEMA["$defs"].items():
        for name, setting in schema["properties"].items():
            if name != "type":
                default = json.dumps(setting["default"]) if "default" in setting else ""
                default = "required" if name in schema["required"] else f"`{default}`" if default else "–"
                yield section, f"| `{name}` | {default} | {setting['description']} |"


def test_the_schema_is_a_schema() -> None:
    """The published schema obeys its dialect's metaschema, and no section of it takes foreign keys."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert all(section["additionalProperties"] is False for section in SCHEMA["$defs"].values())


def test_the_schema_alone_accepts_what_is_valid(valid: str) -> None:
    """An editor that checks with the published schema, and knows nothing of our formats, accepts a valid file."""
    jsonschema.Draft202012Validator(SCHEMA).validate(read(valid, "valid.yaml").plain)


@pytest.mark.parametrize(("section", "row"), list(rows()))
def test_every_setting_is_documented(section: str, row: str) -> None:
    """Each setting has its row, with its default and its description, in the table of its section."""
    table = PAGE.partition(f'<a id="{section.lower()}"></a>')[2].partition('<a id="')[0]
    assert row in table.splitlines(), f"docs/configuration.md, section {section}, lacks the row:\n{row}"


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_documented_example_is_valid(text: str, tmp_path: Path) -> None:
    """Each whole configuration on the page can be copied and is accepted."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(text)
    assert load(path).version == 1


def test_the_page_shows_examples_and_explains_every_channel() -> None:
    """The page has whole examples, and names each channel's type."""
    channels: Any = SCHEMA["$defs"]["Configuration"]["properties"]["channels"]["additionalProperties"]
    assert len(EXAMPLES) >= 2
    assert all(f"`{kind}`" in PAGE for kind in channels["discriminator"]["mapping"])
