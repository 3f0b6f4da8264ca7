"""
The answers of the commands as types: the contract that people script against, which `nephoscope schema COMMAND` prints.

A command that answers in JSON has an entry here; a test holds its real output against it.
"""

from __future__ import annotations

from nephoscope.cli.schemas.configuration import Initialised, Validated
from nephoscope.cli.schemas.document import Document

ANSWERS: dict[str, type[Document]] = {
    "init": Initialised,
    "validate": Validated,
}
