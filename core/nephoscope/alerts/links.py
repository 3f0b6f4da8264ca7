"""Where people open what an Alert rests on: a ledger's record, as its cloud's console spells it."""

from __future__ import annotations

SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")  # RFC 3986, 2.3, and "/"


def evidence_link(store: str, key: str) -> str:
    """
    The link to a record of a store; the record's key where the store has no page, as it stands where it is a link
    already.

    >>> evidence_link("s3://mlops/prod", "ledger/2026-11-24/ab.json")
    'https://console.aws.amazon.com/s3/object/mlops?prefix=prod/ledger/2026-11-24/ab.json'
    >>> evidence_link("sqlite:jobs.db", "ledger/a.json"), evidence_link("gs://b", "https://example.org/report")
    ('ledger/a.json', 'https://example.org/report')
    """
    scheme, _, place = store.partition("://")
    if not place or not key or "://" in key:
        return key
    bucket, _, prefix = place.partition("/")
    path = _quoted("/".join(part for part in (prefix.strip("/"), key) if part))
    if scheme == "s3":
        return f"https://console.aws.amazon.com/s3/object/{bucket}?prefix={path}"
    if scheme == "gs":
        return f"https://console.cloud.google.com/storage/browser/_details/{bucket}/{path}"
    return f"https://{bucket}.blob.core.windows.net/{path}"


def _quoted(path: str) -> str:
    return "".join(c if c in SAFE else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace")) for c in path)
