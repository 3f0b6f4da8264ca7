"""Where things are: topics, stores and objects, each told by one URL; a path without a scheme is a folder or a file."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta

from nephoscope.events import ObjectRef

_BUCKETS = r"s3://[^/\s]+(/.*)?|gs://[^/\s]+(/.*)?|az://[^/\s]+/[^/\s]+(/.*)?"

TopicUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(sqlite:.+|sns:arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+|pubsub:projects/[^/]+/topics/[^/]+"
        r"|eventgrid:(https://|http://(localhost|127\.0\.0\.1)[:/]).+)$",
        title="a topic: sqlite:PATH, sns:ARN, pubsub:projects/PROJECT/topics/TOPIC or eventgrid:https://HOST/api/events",
    ),
]

StoreUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^(sqlite:.+|{_BUCKETS})$",
        title="a store: sqlite:PATH, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX",
    ),
]

ObjectsUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^({_BUCKETS}|(?![A-Za-z][A-Za-z0-9+.-]*:)[^\s].*)$",
        title="a folder or file, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX",
    ),
]

TOPIC_OF = {"local": "sqlite:", "aws": "sns:", "azure": "eventgrid:", "gcp": "pubsub:"}
STORE_OF = {"local": "sqlite:", "aws": "s3://", "azure": "az://", "gcp": "gs://"}


def located(url: str, folder: Path) -> str:
    """
    Make a relative local path absolute; everything else stays as it is.

    >>> folder = Path("/etc/mlops")
    >>> located("sqlite:state.db", folder), located("landing/", folder), located("s3://b", folder)
    ('sqlite:/etc/mlops/state.db', '/etc/mlops/landing', 's3://b')
    """
    if url.startswith("sqlite:"):
        return f"sqlite:{located(url.removeprefix('sqlite:'), folder)}"
    return url if "://" in url or url.startswith(("sns:", "pubsub:")) else posixpath.normpath(folder / url)


def inside(url: str, other: str) -> bool:
    """
    Tell whether a place is another one or lies below it, by whole path segments.

    >>> inside("s3://b/flights/2013", "s3://b/flights"), inside("s3://b/flights2", "s3://b/flights"), inside("/a", "/")
    (True, False, True)
    """
    return f"{url.rstrip('/')}/".startswith(f"{other.rstrip('/')}/")


def url_of(ref: ObjectRef) -> str:
    """
    Spell an object as the configuration spells places.

    >>> url_of(ObjectRef("azure", "account/landing", "a.csv")), url_of(ObjectRef("local", "/data", "a.csv"))
    ('az://account/landing/a.csv', '/data/a.csv')
    """
    return ref.url.removeprefix("file://")


def ref_of(url: str) -> ObjectRef:
    """
    The object that a place in the configuration names, as `url_of` spells it.

    >>> ref_of("az://account/landing/a.csv").bucket, ref_of("/data/a.csv").key, ref_of("s3://b/x/y").key
    ('account/landing', 'a.csv', 'x/y')
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return ObjectRef("local", posixpath.dirname(url), posixpath.basename(url))
    provider = {"s3": "aws", "gs": "gcp", "az": "azure"}[scheme]
    parts = rest.split("/")
    deep = 2 if provider == "azure" else 1
    return ObjectRef(provider, "/".join(parts[:deep]), "/".join(parts[deep:]))
