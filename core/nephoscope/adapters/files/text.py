"""
CSV and JSON Lines, read in blocks of whole lines out of plain, gz or zst files; no line is longer than a block.

Types are told from the first block. Where a later one disagrees, reading stops with `Widened`, which names the wider
types to begin again with, in the end words: a file may well hold "n/a" a gigabyte after its numbers began.

The blocks are cut here and parsed one by one: pyarrow's own streaming readers read ahead in a thread, which ends the
process when it meets the interpreter's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.json as json
import pyarrow.types as types

from nephoscope.adapters.files.columns import Opened
from nephoscope.adapters.files.formats import AGAIN, Format, first_line
from nephoscope.adapters.files.nesting import Nesting
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.drift.profile import Kind, Profile
from nephoscope.errors import Unreadable

NULLS = ["", "NA", "NaN", "nan", "null", "NULL", "None"]
BLOCK_BYTES = 1024 * 1024
LARGE_BLOCK_BYTES = 16 * BLOCK_BYTES
DELIMITERS = ";\t|"
_QUOTED = re.compile(rb'"[^"]*"')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NESTED = re.compile(rb"[\[{][^\[\]{}]*[\]}]")

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Guess:
    """What is taken for granted about a text file before it is read."""

    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    block_bytes: int = BLOCK_BYTES


class Widened(Exception):
    """A file has to be read again from the beginning, with a better guess."""

    def __init__(self, guess: Guess) -> None:
        super().__init__(guess)
        self.guess = guess


def first_guess(like: Profile | None) -> Guess:
    """Words where the Baseline has words, for "007" is a number only by its looks."""
    columns = like.columns if like else ()
    words = [c.name for c in columns if c.kind in (Kind.CATEGORICAL, Kind.TEXT) and c.physical not in ("bool", "null")]
    return Guess(dict.fromkeys(words, pa.string()))


@dataclass(frozen=True, slots=True)
class TextColumns:
    """All columns of a text file, read together."""

    source: Unpacked
    written: Format
    guess: Guess
    fields: tuple[pa.Field, ...]

    def read(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield the columns block by block."""
        schema = pa.schema(self.fields)
        try:
            for table in _tables(self.source, self.written, self.guess):
                for name, column in zip(table.schema.names, table.columns, strict=True):
                    for chunk in column.chunks:
                        yield name, chunk
        except pa.ArrowInvalid as error:
            if better := _better(self.guess, schema, str(error)):
                raise Widened(better) from error
            raise


def open_text(source: Unpacked, written: Format, guess: Guess) -> Opened:
    """
    Open a text file.

    Raises:
        Unreadable: Its beginning makes no table.
        Widened: Its beginning contradicts the guess.
    """
    try:
        source.limits.check_columns(_columns_of_first_line(source, written, guess), source.name)
        fields = tuple(next(_tables(source, written, guess)).schema)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if better := _better(guess, pa.schema([]), str(error)):
            raise Widened(better) from error
        raise Unreadable(f"'{source.name}' is no readable {written} file: {first_line(error)}.", do=AGAIN) from error
    except StopIteration:
        raise Unreadable(f"'{source.name}' holds no line.", do=AGAIN, why="NO_DATA") from None
    source.limits.check_columns(len(fields), source.name)
    if len(fields) == 1 and (other := next((d for d in DELIMITERS if d in fields[0].name), None)):
        raise Unreadable(
            f"'{source.name}' has one column, {fields[0].name[:80]!r}; its delimiter seems to be {other!r}.",
            do="delimit it by commas",
        )
    return Opened((TextColumns(source, written, guess, fields),))


def _columns_of_first_line(source: Unpacked, written: Format, guess: Guess) -> int:
    """How many columns the first line has, counted before pyarrow would take minutes for too many."""
    nesting = Nesting() if written is Format.JSONL else None
    line = next(source.blocks(guess.block_bytes, nesting), b"").split(b"\n", 1)[0]
    return _QUOTED.sub(b"", line).count(b",") + 1 if nesting is None else keys_of(line)


def keys_of(line: bytes) -> int:
    r"""
    How many keys an object has itself; what is in its strings, objects and lists does not count.

    >>> keys_of(b'{"a": 1, "b": {"c": [{"d": 2}]}, "e:\\"f": "g:"}')
    3
    """
    left = _STRING.sub(b"", line).strip()[1:-1]
    while (flat := _NESTED.sub(b"", left)) != left:
        left = flat
    return left.count(b":")


def read_text(source: Unpacked, written: Format, like: Profile | None, making: Callable[[Opened], Made]) -> Made:
    """Read a text file with better and better guesses until all of it is of the types that were guessed."""
    guess = first_guess(like)
    while True:
        try:
            return making(open_text(source, written, guess))
        except Widened as widened:
            guess = widened.guess


def _tables(source: Unpacked, written: Format, guess: Guess) -> Iterator[pa.Table]:
    """Each block as a table; the first one settles names and types."""
    nesting = Nesting() if written is Format.JSONL else None
    schema: pa.Schema | None = None
    for block in source.blocks(guess.block_bytes, nesting):
        table = _csv(block, guess, schema) if written is Format.CSV else _jsonl(block, guess, schema)
        schema = schema or table.schema
        yield table


def _csv(block: bytes, guess: Guess, schema: pa.Schema | None) -> pa.Table:
    known = {one.name: one.type for one in schema} if schema else dict(guess.types)
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(
            block_size=len(block) + 1, use_threads=False, column_names=schema.names if schema else None
        ),
        convert_options=csv.ConvertOptions(column_types=known, null_values=NULLS, strings_can_be_null=True),
    )


def _jsonl(block: bytes, guess: Guess, schema: pa.Schema | None) -> pa.Table:
    known = schema or (pa.schema(guess.types.items()) if guess.types else None)
    return json.read_json(
        pa.BufferReader(block),
        read_options=json.ReadOptions(block_size=len(block) + 1, use_threads=False),
        parse_options=json.ParseOptions(
            explicit_schema=known, unexpected_field_behavior="error" if schema else "infer"
        ),
    )


def _better(guess: Guess, schema: pa.Schema, said: str) -> Guess | None:
    """The next guess after an error; None where no guess can help."""
    if place := re.search(r"In CSV column #(\d+):(?: Row #\d+:)? CSV conversion error", said):
        return _wider(guess, schema.field(int(place[1])))
    if failed := re.search(r"Failed to convert JSON to (\w+)", said):
        narrow = [one for one in schema if str(one.type).startswith(failed[1])]
        return (
            replace(guess, types={**guess.types, **{one.name: _next(one.type) for one in narrow}}) if narrow else None
        )
    if re.search(r"unexpected field|changed from null", said) and guess.block_bytes < LARGE_BLOCK_BYTES:
        return replace(guess, block_bytes=LARGE_BLOCK_BYTES)
    return None


def _wider(guess: Guess, one: pa.Field) -> Guess | None:
    if types.is_string(one.type):
        return None
    return replace(guess, types={**guess.types, one.name: _next(one.type)})


def _next(narrow: pa.DataType) -> pa.DataType:
    return pa.float64() if types.is_integer(narrow) or types.is_null(narrow) else pa.string()
