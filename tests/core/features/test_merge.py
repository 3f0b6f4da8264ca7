"""What a registry keeps of its own when a repository's objects go into it."""

import pytest
from nephoscope.features.merge import difference, merged
from nephoscope.features.registry import objects
from nephoscope.features.values import tag
from nephoscope.features.varint import encoded
from nephoscope.features.wire import fields, message, messages

VIEW, SOURCE, META = 6, 12, 2


def field(number: int, body: bytes) -> bytes:
    """One field of a protocol buffer."""
    return tag(number, 2) + encoded(len(body)) + body


def view(*features: bytes, created: bytes, intervals: tuple[bytes, ...] = (), number: int = VIEW) -> bytes:
    """A feature view with some features, its stamps and how far Feast materialised it."""
    spec = field(1, b"users") + field(2, b"shop") + b"".join(field(4, field(1, name)) for name in features)
    meta = field(1, created) + field(2, b"updated " + created) + b"".join(field(3, each) for each in intervals)
    return field(number, field(1, spec) + field(META, meta))


@pytest.mark.parametrize("number", [6, 14, 19, 8])
def test_a_changed_view_keeps_its_age_and_what_was_materialized(number: int) -> None:
    """A view that gains a feature keeps when it was created and its materialisation intervals, as Feast keeps them."""
    before = view(b"age", created=b"then", intervals=(b"one", b"two") if number in (6, 14) else (), number=number)
    wanted = view(b"age", b"city", created=b"now", number=number)
    assert difference(before, wanted).changed
    (found,) = objects(merged(before, wanted))
    assert b"city" in found.description
    meta = fields(message(fields(found.body), META) or b"")
    assert messages(meta, 1) == [b"then"]
    assert messages(meta, 2) == [b"updated now"]
    assert messages(meta, 3) == ([b"one", b"two"] if number in (6, 14) else [])


def test_a_changed_data_source_keeps_its_age() -> None:
    """A data source is its own description; its stamps are kept all the same."""

    def source(path: bytes, created: bytes) -> bytes:
        stamps = field(3, created) + field(4, b"updated " + created)
        return field(SOURCE, field(20, b"users") + field(21, b"shop") + field(2, path) + field(50, stamps))

    (found,) = objects(merged(source(b"old", b"then"), source(b"new", b"now")))
    body = fields(found.body)
    assert messages(body, 2) == [b"new"]
    stamps = fields(message(body, 50) or b"")
    assert (messages(stamps, 3), messages(stamps, 4)) == ([b"then"], [b"updated now"])
