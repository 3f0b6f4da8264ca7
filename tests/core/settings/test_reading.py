"""Files that are no configuration at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nephoscope.errors import BadSettings, BadUsage
from nephoscope.settings import load
from nephoscope.settings.reading import LARGEST_BYTES

Written = Callable[[str | bytes], Path]

NO_CONFIGURATION = [
    (b"", "is empty."),
    (b"# only a comment\n", "is empty."),
    (b"version: 1\nhub: \xff\n", "is not in UTF-8: byte 16 is 0xff."),
    ("version: 1\n".encode("utf-16"), "is not in UTF-8: byte 0 is 0xff."),
    (b"version: [1\n", "is no YAML: line 2, column 1: expected ',' or ']', but got '<stream end>'."),
    (b"version: 1\n\thub: local\n", "is no YAML: line 2, column 1: found character '\\t' that cannot start any token."),
    (b"version: 1\n---\nversion: 1\n", "is no YAML: line 2, column 1: but found another document."),
    (b"a: *b\n", "is no YAML: line 1, column 4: found undefined alias 'b'."),
    (b"[" * 100_000, "is nested too deeply to be read."),
    (b"version: 1 #" + b"x" * LARGEST_BYTES, f"has more than {LARGEST_BYTES} bytes."),
]


@pytest.mark.parametrize(("body", "expected"), NO_CONFIGURATION)
def test_what_is_no_configuration_is_one_sentence(body: bytes, expected: str, written: Written) -> None:
    """An empty, foreign, broken, bottomless or huge file is refused with one sentence, and one for what to do."""
    path = written(body)
    with pytest.raises(BadSettings) as caught:
        load(path)
    assert caught.value.what == f"{path} {expected}"
    assert caught.value.do
    assert not caught.value.mistakes


def test_a_path_that_is_no_file_is_bad_usage(tmp_path: Path) -> None:
    """A path that is not there, and a directory, are the caller's mistake and not the file's."""
    with pytest.raises(BadUsage, match=r"There is no file .*nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(BadUsage, match="is a directory, a configuration is a file"):
        load(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(valid: str, written: Written) -> None:
    """A file from an editor that writes a byte order mark and CRLF reads the same."""
    plain = load(written(valid)).hash
    assert load(written(b"\xef\xbb\xbf" + valid.replace("\n", "\r\n").encode())).hash == plain


def test_an_alias_bomb_is_refused_before_it_unfolds(written: Written) -> None:
    """Aliases that would multiply to a billion values are told as mistakes, at once."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(BadSettings) as caught:
        load(written("\n".join(lines)))
    assert "the anchor '&a9'" in str(caught.value)


def test_yaml_words_that_only_look_like_values_are_text(valid: str, written: Written) -> None:
    """`no`, `on` and 12:30 are text as YAML 1.2 has it, so that a data set or a column may be called so."""
    settings = load(written(valid.replace("dep_delay:", "on:").replace("flights:", "no:", 1)))
    assert list(settings.datasets) == ["no"]
    assert list(settings.datasets["no"].columns) == ["on"]
