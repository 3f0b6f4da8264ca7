"""What holds for every configuration, whatever stands in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nephoscope.errors import BadSettings
from nephoscope.settings import load, loads_json, stage
from nephoscope.settings.written import read

VALID = Path(__file__).with_name("valid.yaml").read_text()
PLAIN = read(VALID, "valid").plain
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["sqlite:x", "s3://a/b", "5m", "env:A", "console", "ks", "slack", "*/5 * * * *", 'a="b"', 'a=~"("']
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "url", "routes", "a"]), inner),
    max_leaves=5,
)
FEW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Every place in a plain value, the outer ones first."""
    yield ()
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield from ((step, *rest) for rest in places(part))


def changed(value: Any, at: tuple[str | int, ...], new: Any) -> Any:
    """The value with another one at one place; without it, where `new` is Ellipsis."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = changed(copy[at[0]], at[1:], new)
    if copy[at[0]] is ...:
        del copy[at[0]]
    return copy


def holds(path: Path) -> bool:
    """Whether a file is read, and then reads back from its staged JSON; or each mistake in it has a line."""
    try:
        found = load(path)
    except BadSettings as error:
        line = re.compile(rf"{re.escape(str(path))}:[0-9]+:[0-9]+: .+: found .+, expected .+")
        told = all(line.fullmatch(mistake) for mistake in error.mistakes)
        return told and (bool(error.mistakes) or error.what.startswith(f"{path} is "))
    return loads_json(stage(path), path.parent) == found


@FEW
@given(at=st.sampled_from(list(places(PLAIN))[1:]), new=VALUES | st.just(...))
def test_a_changed_value_is_read_or_told_with_its_line(at: tuple[str | int, ...], new: Any, tmp_path: Path) -> None:
    """Whatever stands at whichever place: the file is read, or every mistake has a line; nothing else is raised."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(json.dumps(changed(PLAIN, at, new)))
    assert holds(path)


@FEW
@given(
    start=st.integers(0, len(VALID)),
    cut=st.integers(0, 4),
    insert=st.text("\n :-[]{}&*!|>'\"#%@,?~019.aks\t\\\x00\ufeff", max_size=4),
)
def test_a_changed_text_is_read_or_told_with_its_line(start: int, cut: int, insert: str, tmp_path: Path) -> None:
    """Whatever a slip of the hand does to the text: it is read, told with its line, or named as no YAML."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(VALID[:start] + insert + VALID[start + cut :])
    assert holds(path)


@FEW
@given(body=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(body: bytes, tmp_path: Path) -> None:
    """Bytes that are no configuration are refused with a sentence."""
    path = tmp_path / "nephoscope.yaml"
    path.write_bytes(body)
    assert holds(path)


@pytest.mark.parametrize("at", list(places(PLAIN))[1:], ids=str)
def test_a_secret_written_at_any_place_is_never_shown(at: tuple[str | int, ...], tmp_path: Path) -> None:
    """A webhook's address that landed anywhere in the file is in no message."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(
        json.dumps(changed(PLAIN, at, "https://user:hunter2@hooks.example.org/services/T0/hunter2?key=hunter2"))
    )
    with pytest.raises(BadSettings) as caught:
        load(path)
    assert "hunter2" not in str(caught.value)


@FEW
@given(
    body=st.binary(max_size=64)
    | st.builds(
        lambda at, new: json.dumps(changed(PLAIN, at, new)).encode(), st.sampled_from(list(places(PLAIN))[1:]), VALUES
    )
)
def test_staged_json_is_read_or_refused(body: bytes) -> None:
    """A handler reads its staged configuration or refuses it as bad settings; nothing else is raised."""
    try:
        assert loads_json(body).version == 1
    except BadSettings as error:
        assert "staged configuration" in str(error)  # noqa: PT017
