"""
Who touched what is watched: model artefacts, the feature registry, Baselines, the state.

A call is judged by where each resource that it touches lies, who made it, and whether it opens one to others:

    refused by the cloud                       breach, high
    may open it to others, by somebody else    breach, high
    anything else, by somebody else            breach, medium
    by those who are expected                  ok
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nephoscope.findings import Finding, Severity, Verdict

CHECK = "security.access"

# Calls by which a bucket or an object is made public, or its guards are taken away.
OPENING = re.compile(
    r"(put|delete)(bucket|object)?(policy|acl|publicaccessblock|accountpublicaccessblock)$"
    r"|setiam(policy|permissions)$"
    r"|(bucket|object)accesscontrols?\.(insert|patch|update)$"
    r"|roleassignments/write$"
    r"|containers/(write|setacl/action)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Access:
    """A call that a cloud's audit log saw: who did what to what, and how it ended; an empty `error` means allowed."""

    action: str  # "s3.GetObject"
    actor: str
    error: str = ""  # "AccessDenied"
    message: str = ""
    address: str = ""
    resource: str = ""  # as the cloud names it
    others: tuple[str, ...] = ()  # what else it touched: where a copy was taken from


@dataclass(frozen=True, slots=True)
class Watched:
    """Places that only some may touch."""

    name: str
    places: tuple[str, ...]  # s3://…, gs://…, az://…
    actors: tuple[str, ...]  # patterns with * and ?, of those who are expected


def judge_access(access: Access, watched: Iterable[Watched], *, cloud: str) -> list[Finding]:
    """
    Judge one call.

    Args:
        access: The call.
        watched: What is watched.
        cloud: Whose audit log it was in.

    Returns:
        One Finding for each watched place that the call touched; none where it touched nothing that is watched.
    """
    touched = [(resource, place_of(resource)) for resource in (access.resource, *access.others)]
    found = []
    for each in watched:
        inside = (what for what, place in touched if any(_inside(place, other) for other in each.places))
        if (resource := next(inside, None)) is not None:
            found.append(_finding(access, resource, each, cloud))
    return found


def _finding(access: Access, resource: str, watched: Watched, cloud: str) -> Finding:
    expected = any(fnmatchcase(access.actor, pattern) for pattern in watched.actors)
    opening = bool(OPENING.search(access.action))
    verdict = Verdict.OK if expected and not access.error else Verdict.BREACH
    severity = Severity.HIGH if access.error or opening else Severity.MEDIUM
    refused = f" and was refused ({access.error})" if access.error else ""
    stranger = "" if expected else ", who is not expected there"
    return Finding(
        CHECK,
        f"{watched.name}: {access.action} by {access.actor or 'somebody unknown'}",
        verdict,
        f"{access.actor or 'Somebody unknown'}{stranger} called {access.action} on {watched.name}{refused}.",
        severity=severity,
        labels={"cloud": cloud, "watched": watched.name},
        evidence={
            "resource": resource,
            "address": access.address,
            "error": access.error,
            "opens": "yes" if opening else "no",
        },
    )


def place_of(resource: str) -> str:
    """
    A resource as the configuration spells places; one of another kind as it is.

    >>> place_of("projects/_/buckets/models/objects/fraud/3.pkl"), place_of("arn:aws:s3:::models/fraud/3.pkl")
    ('gs://models/fraud/3.pkl', 's3://models/fraud/3.pkl')
    >>> place_of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acme"
    ...          "/blobServices/default/containers/models")
    'az://acme/models'
    """
    if found := re.fullmatch(r"projects/_/buckets/([^/]+)(?:/objects/(.*))?", resource):
        return f"gs://{found[1]}/{found[2] or ''}".rstrip("/")
    if found := re.fullmatch(r"arn:aws[a-z-]*:s3:::(.*)", resource):
        return f"s3://{found[1]}".rstrip("/")
    azure = r".*/storageAccounts/([^/]+)(?:/blobServices/default/containers/([^/]+)(?:/blobs/(.*))?)?.*"
    if found := re.fullmatch(azure, resource, re.IGNORECASE):
        account, container, blob = found.groups()  # Azure keeps the case of a blob's name alone
        return f"az://{'/'.join(part for part in (account.lower(), (container or '').lower(), blob) if part)}"
    return resource


def _inside(place: str, other: str) -> bool:
    """Whether a place touches another one: it lies in it, or holds it, as a bucket holds a watched prefix."""
    one, two = f"{place.rstrip('/')}/", f"{other.rstrip('/')}/"
    return bool(place) and (one.startswith(two) or two.startswith(one))
