"""Where a command's configuration is found: `--config`, then `NEPHOSCOPE_CONFIG`, then ./nephoscope.yaml."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from nephoscope.settings import Settings, load

NAME = "nephoscope.yaml"


def find(arguments: Namespace, environ: Mapping[str, str] = os.environ) -> Path:
    """
    Choose the configuration's path, whether there is such a file or not.

    >>> find(Namespace(config=Path("a.yaml")), {"NEPHOSCOPE_CONFIG": "b.yaml"}).name
    'a.yaml'
    >>> find(Namespace(), {"NEPHOSCOPE_CONFIG": "b.yaml"}).name, find(Namespace(), {}).name
    ('b.yaml', 'nephoscope.yaml')
    """
    return getattr(arguments, "config", None) or Path(environ.get("NEPHOSCOPE_CONFIG") or NAME)


def settings(arguments: Namespace) -> Settings:
    """
    Read the configuration that a command works by.

    Raises:
        BadUsage, BadSettings: As `nephoscope.settings.load` does.
    """
    return load(find(arguments))
