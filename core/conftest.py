"""Whose examples are not tried: those of modules whose package is missing. Any other import that fails is an error."""

from importlib.util import find_spec

NEEDED = {
    "feast": ["nephoscope/adapters/feast/*"],
    "pyspark": ["nephoscope/adapters/spark/*"],
    "mmh3": ["nephoscope/adapters/online/*"],
}

collect_ignore_glob = [glob for package, globs in NEEDED.items() if find_spec(package) is None for glob in globs]
