"""
CSV and JSON Lines, read in blocks of whole lines out of plain, gz or zst files; no line is longer than a block.

Types are told from the first block. Where a later one disagrees, the rest is looked through, and reading stops with
`Widened`, which names the types to begin again with, in the end words: a file may well hold "n/a" a gigabyte after its
numbers began. They are those that pyarrow would tell if it saw the whole file at once, so that a large file agrees with
a small one. What was read before the turn is known by its types alone: numbers read again as truth values may turn out
to be more than 0 and 1. Then it begins a third time, with words.

The blocks are cut here and parsed one by one: pyarrow's own streaming readers read ahead in a thread, which ends the
process when it meets the interpreter's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import chain
from typing import TypeVar

import msgspec
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.json as json
import pyarrow.types as types

from nephoscope.adapters.files.columns import Opened
from nephoscope.adapters.files.formats import AGAIN, Format, first_line
from nephoscope.adapters.files.nesting import Nesting
from nephoscope.adapters.files.streams import Quotes, Unpacked
from nephoscope.decoders import decoder
from nephoscope.drift.profile import Kind, Profile
from nephoscope.errors import Unreadable

NULLS = ["", "NA", "NaN", "nan", "null", "NULL", "None"]
BLOCK_BYTES = 1024 * 1024
DELIMITERS = ";\t|"
# Which other types may read the values of one, in the order in which pyarrow tries them; words read any.
_ALSO_READ_BY: Mapping[pa.DataType, tuple[pa.DataType, ...]] = {
    pa.int64(): (pa.bool_(), pa.float64()),
    pa.date32(): (pa.timestamp("s"), pa.timestamp("ns")),
    pa.timestamp("s"): (pa.timestamp("ns"),),
    pa.timestamp("s", "UTC"): (pa.timestamp("ns", "UTC"),),
}
_UNREAD = re.compile(r"In CSV column #(\d+):(?: Row #\d+:)? CSV conversion error")
_QUOTED = re.compile(rb'"[^"]*"')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_MIXED = re.compile(r"Column\(/(.+)\) changed from (?:number|string|boolean) to (?:number|string|boolean)")
_NESTED = re.compile(rb"[\[{][^\[\]{}]*[\]}]")

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Guess:
    """What is taken for granted about a text file before it is read."""

    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    quoted: frozenset[str] = frozenset()  # columns of JSON whose numbers and truth values are words


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
        try:
            for table in _tables(self.source, self.written, self.guess):
                for name, column in zip(table.schema.names, table.columns, strict=True):
                    for chunk in column.chunks:
                        yield name, chunk
        except pa.ArrowInvalid as error:
            if better := _better(self.guess, str(error)):
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
        source.limits.check_columns(_columns_of_first_line(source, written), source.name)
        fields = tuple(next(_tables(source, written, guess)).schema)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if better := _better(guess, str(error)):
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


def _columns_of_first_line(source: Unpacked, written: Format) -> int:
    """How many columns the first line has, counted before pyarrow would take minutes for too many."""
    block = BytesIO(next(_blocks(source, written), b""))
    if written is Format.JSONL:
        return keys_of(block.readline())
    line, quotes = block.readline(), Quotes()
    header = line
    while line and not quotes.end(line):
        header += (line := block.readline())
    return _QUOTED.sub(b"", header).count(b",") + 1


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
    schema: pa.Schema | None = None
    blocks = _blocks(source, written)
    for block in blocks:
        if written is Format.CSV:
            known, names = (_types(schema), schema.names) if schema else (guess.types, None)
            table = _csv_or_wider(block, blocks, known, names)
        elif block.strip():
            table = _jsonl_or_wider(source, block, guess, schema)
        else:
            continue
        schema = schema or table.schema
        yield table


def _blocks(source: Unpacked, written: Format) -> Iterator[bytes]:
    if written is Format.JSONL:
        return source.blocks(BLOCK_BYTES, nesting=Nesting())
    return source.blocks(BLOCK_BYTES, quotes=Quotes())


def _csv_or_wider(
    block: bytes, later: Iterator[bytes], known: Mapping[str, pa.DataType], names: Sequence[str] | None
) -> pa.Table:
    try:
        return _csv(block, known, names)
    except pa.ArrowInvalid as error:
        raise Widened(_settled_csv(chain((block,), later), known, names)) from error


def _csv(block: bytes, known: Mapping[str, pa.DataType], names: Sequence[str] | None) -> pa.Table:
    """A block as a table; without `names` its first line has them, and types that are not known are told from it."""

    def read(*, empty_lines: bool) -> pa.Table:
        return csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(block_size=len(block) + 1, use_threads=False, column_names=names),
            parse_options=csv.ParseOptions(ignore_empty_lines=not empty_lines),
            convert_options=csv.ConvertOptions(column_types=known, null_values=NULLS, strings_can_be_null=True),
        )

    table = read(empty_lines=names is not None and len(names) == 1)
    # An empty line is the row of a single column that is null, and none of a wider table.
    return read(empty_lines=True) if names is None and table.num_columns == 1 else table


def _settled_csv(blocks: Iterable[bytes], known: Mapping[str, pa.DataType], names: Sequence[str] | None) -> Guess:
    """The guess that these blocks agree with, and as far as types tell what was read before them."""
    for block in blocks:
        try:
            _csv(block, known, names)
        except pa.ArrowInvalid:
            known = _fitting(block, known, names)
            names = list(known)
    return Guess(known)


def _fitting(block: bytes, known: Mapping[str, pa.DataType], names: Sequence[str] | None) -> Mapping[str, pa.DataType]:
    """The narrowest types that read a block and, as far as types tell, what was read before it."""
    words = {name: one for name, one in known.items() if types.is_string(one) or types.is_binary(one)}
    found = _csv(block, words, names).schema
    fitting = {one.name: _narrowest(known.get(one.name, one.type), one.type) for one in found}
    while True:
        try:
            _csv(block, fitting, names)
        except pa.ArrowInvalid as error:
            place = _UNREAD.search(str(error))
            if place is None or types.is_string(fitting[name := found.names[int(place[1])]]):
                raise
            fitting[name] = pa.string()
        else:
            return fitting


def _narrowest(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """
    The first type in pyarrow's order that may read the values of both.

    >>> _narrowest(pa.date32(), pa.timestamp("ns")), _narrowest(pa.bool_(), pa.float64())
    (TimestampType(timestamp[ns]), DataType(string))
    """
    if types.is_null(one) or types.is_null(other):
        return other if types.is_null(one) else one
    also = (other, *_ALSO_READ_BY.get(other, ()))
    return next((each for each in (one, *_ALSO_READ_BY.get(one, ())) if each in also), pa.string())


def _types(schema: pa.Schema) -> dict[str, pa.DataType]:
    return dict(zip(schema.names, schema.types, strict=True))


def _jsonl_or_wider(source: Unpacked, block: bytes, guess: Guess, schema: pa.Schema | None) -> pa.Table:
    try:
        return _jsonl(block, guess, schema)
    except pa.ArrowInvalid as error:
        if schema is None or (settled := _settled(source, guess, schema)) == guess:
            raise
        raise Widened(settled) from error


def _jsonl(block: bytes, guess: Guess, schema: pa.Schema | None) -> pa.Table:
    known = schema or (pa.schema(guess.types.items()) if guess.types else None)
    if guess.quoted:
        block = _quoted(block, guess.quoted)
    return json.read_json(
        pa.BufferReader(block),
        read_options=json.ReadOptions(block_size=len(block) + 1, use_threads=False),
        parse_options=json.ParseOptions(
            explicit_schema=known, unexpected_field_behavior="error" if schema else "infer"
        ),
    )


def _quoted(block: bytes, names: frozenset[str]) -> bytes:
    """The lines with some columns' numbers and truth values in quotes, for pyarrow reads no word without."""
    objects = _objects(block)
    for one in objects:
        for name in names & one.keys():
            if (value := bytes(one[name]))[:1] not in (b'"', b"n", b"[", b"{"):
                one[name] = msgspec.Raw(b'"' + value + b'"')
    return msgspec.json.Encoder().encode_lines(objects)


def _objects(block: bytes) -> list[dict[str, msgspec.Raw]]:
    try:
        return decoder(dict[str, msgspec.Raw]).decode_lines(block)
    except (msgspec.DecodeError, RecursionError) as error:
        raise pa.ArrowInvalid(f"JSON parse error: {error}") from error


def _settled(source: Unpacked, guess: Guess, schema: pa.Schema) -> Guess:
    """The guess that all blocks of a JSON Lines file agree with, the columns in the order in which they come."""
    for block in _blocks(source, Format.JSONL):
        if not block.strip():
            continue
        try:
            _jsonl(block, guess, schema)
        except pa.ArrowInvalid:
            keys = set(schema.names).union(*_objects(block))
            source.limits.check_columns(len(keys), source.name)
            guess, found = _inferred(block, guess, schema)
            guess, schema = _both(guess, schema, found)
    return replace(guess, types=_types(schema))


def _inferred(block: bytes, guess: Guess, schema: pa.Schema) -> tuple[Guess, pa.Schema]:
    """The types of a block by itself; what are words before are words here."""
    words = {one.name: one.type for one in schema if types.is_string(one.type)}
    guess = replace(guess, types={**words, **{name: pa.string() for name in guess.quoted}})
    while True:
        try:
            return guess, _jsonl(block, guess, None).schema
        except pa.ArrowInvalid as error:
            if (better := _better(guess, str(error))) is None:
                raise
            guess = better


def _both(guess: Guess, schema: pa.Schema, found: pa.Schema) -> tuple[Guess, pa.Schema]:
    """The types that hold the values of both; words where a column has numbers or truth values beside others."""
    fields = _types(schema)
    for one in found:
        before = fields.get(one.name, one.type)
        try:
            fields[one.name] = _holding(before, one.type)
        except pa.ArrowTypeError:
            if types.is_nested(before) or types.is_nested(one.type):
                raise
            fields[one.name] = pa.string()
            guess = replace(guess, quoted=guess.quoted | {one.name})
        except RecursionError as error:
            raise pa.ArrowInvalid(f"JSON parse error: Column(/{one.name}) is nested too deep to widen") from error
    return guess, pa.schema(fields.items())


def _holding(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that holds JSON's values of both; words where some are times, in lists and objects too."""
    if types.is_list(one) and types.is_list(other):
        return pa.list_(_holding(one.value_type, other.value_type))
    if types.is_struct(one) and types.is_struct(other):
        fields = {each.name: each.type for each in one}
        for each in other:
            fields[each.name] = _holding(fields.get(each.name, each.type), each.type)
        return pa.struct(fields.items())
    if {one, other} == {pa.timestamp("s"), pa.string()}:
        return pa.string()
    pair = [pa.schema([pa.field("", each)]) for each in (one, other)]
    return pa.unify_schemas(pair, promote_options="permissive").field(0).type


def _better(guess: Guess, said: str) -> Guess | None:
    """The next guess about JSON after an error; None where no guess can help."""
    if (mixed := _MIXED.search(said)) and mixed[1] not in guess.quoted:
        words = {**guess.types, mixed[1]: pa.string()}
        return replace(guess, types=words, quoted=guess.quoted | {mixed[1]})
    return None
