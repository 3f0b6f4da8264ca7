"""
An Alert's identity: computed here, from identity alone.

What changes from run to run (value, reason, severity, time, the rule's version) never enters it, and no producer can
choose it. Only the labels listed below count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

IDENTITY_LABELS = frozenset(
    {
        "cloud",
        "dataset",
        "model",
        "model_version",
        "bill",
        "provider",
        "account",
        "team",
        "feature_view",
        "store",
        "region",
    }
)


def fingerprint(check: str, subject: str, labels: Mapping[str, str]) -> str:
    """
    SHA-256 of the canonical JSON of an Alert's identity, as 64 hex digits.

    >>> first = fingerprint("drift.ks", "flights/dep_delay", {"dataset": "flights", "cloud": "aws"})
    >>> first == fingerprint("drift.ks", "flights/dep_delay", {"cloud": "aws", "dataset": "flights", "note": "x"})
    True
    """
    identity = {
        "check": check,
        "subject": subject,
        "labels": {name: str(value) for name, value in labels.items() if name in IDENTITY_LABELS},
    }
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
