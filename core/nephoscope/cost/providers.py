"""The names that bills give to the clouds, and ours."""

from __future__ import annotations

from functools import cache

_PREFIXES = {
    "aws": "aws",
    "amazon": "aws",
    "microsoft": "azure",
    "azure": "azure",
    "google": "gcp",
    "gcp": "gcp",
    "oracle": "oci",
    "oci": "oci",
}

# What `provider` takes for the name of a cloud that is known here, in lower case; for engines of regular expressions.
CLOUD = rf"^(?:{'|'.join(_PREFIXES)})(?:[^\p{{L}}]|$)"


@cache
def provider(name: str) -> str:
    """
    Tell the cloud that a bill names; a name of no cloud we know stays as it is written.

    >>> [provider(name) for name in ("AWS", "Amazon Web Services", "Microsoft Azure", "Google Cloud", "Oracle", "ACME")]
    ['aws', 'aws', 'azure', 'gcp', 'oci', 'ACME']
    """
    bare = name.strip()
    lowered = bare.lower()
    for prefix, cloud in _PREFIXES.items():
        if lowered == prefix or (lowered.startswith(prefix) and not lowered[len(prefix)].isalpha()):
            return cloud
    return bare
