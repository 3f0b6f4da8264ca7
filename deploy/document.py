"""
Write the table of variables into README.md, from variables.tf.

    python deploy/document.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BEGIN, END = "<!-- variables: written by document.py -->", "<!-- end of variables -->"
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^    (\w+) += (.*?) +# (.*)$", re.MULTILINE)


def table(hcl: str) -> str:
    r"""
    One row a variable, and one for each part of an object.

    >>> print(table('variable "name" {\n  description = "A name."\n  type        = string\n  default     = "n"\n}'))
    | variable | type | default | meaning |
    |---|---|---|---|
    | `name` | `string` | `"n"` | A name. |
    """
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, body in VARIABLE.findall(hcl):
        is_object = "= object({" in body
        kind = "object" if is_object else _after("type", body)
        default = re.search(r"^  default += (.*)$", body, re.MULTILINE)
        rows.append(f"| `{name}` | `{kind}` | {f'`{default[1]}`' if default else 'required'} | {_text(body)} |")
        if is_object:
            rows += [_part(name, *found) for found in FIELD.findall(body)]
    return "\n".join(rows)


def _part(name: str, part: str, written: str, meaning: str) -> str:
    optional = re.fullmatch(r"optional\((.*?)(?:, (\".*\"|\[\]|\{\}|true|false|\d+))?\)", written)
    kind, default = (optional[1], optional[2] or "null") if optional else (written, "")
    return f"| `{name}.{part}` | `{kind}` | {f'`{default}`' if default else 'required'} | {meaning} |"


def _after(word: str, body: str) -> str:
    found = re.search(rf"^  {word} += (.*)$", body, re.MULTILINE)
    return found[1] if found else ""


def _text(body: str) -> str:
    return _after("description", body).strip('"')


def written(readme: str, hcl: str) -> str:
    """The README with the table as it has to be."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table(hcl)}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Write the table."""
    readme = FOLDER / "README.md"
    readme.write_text(written(readme.read_text(), (FOLDER / "variables.tf").read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
