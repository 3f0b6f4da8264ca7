"""`drift compare`, `drift profile` and `drift merge`: files and Profiles, no configuration."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from nephoscope.cli.answer import Answer
from nephoscope.cli.drift_answer import comparison, made, not_made
from nephoscope.cli.paths import apart, existing_file, stored_profile, write_whole
from nephoscope.drift.chunks import PERIODS, Cut, by_number, by_size
from nephoscope.drift.comparison import Comparison, Look, compared, look, unread
from nephoscope.drift.judgement import PRESETS, Preset
from nephoscope.drift.limits import Rules
from nephoscope.drift.profile import Kind, Profile, merge, to_json
from nephoscope.drift.statistics import STATISTICS
from nephoscope.errors import BadUsage, Unreadable
from nephoscope.events import ObjectRef

KINDS = (Kind.NUMERIC, Kind.CATEGORICAL, Kind.TEXT, Kind.TIME)
METHODS = [name for name in STATISTICS if name != "null_share"]


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    actions = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_compare(actions.add_parser("compare", help="compare two files or Profiles", parents=[options]))
    _add_profile(actions.add_parser("profile", help="make the Profile of a file", parents=[options]))
    _add_merge(actions.add_parser("merge", help="add up Profiles of equal bins", parents=[options]))


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("baseline", type=Path, metavar="BASELINE", help="what drift is measured from")
    parser.add_argument("window", type=Path, metavar="WINDOW", help="what is measured")
    parser.add_argument("--preset", choices=[*PRESETS, "nannyml"], default="default", help="how columns are judged")
    parser.add_argument("--method", action="append", default=[], metavar="[COLUMN=]NAME", help=", ".join(METHODS))
    parser.add_argument("--limit", action="append", default=[], metavar="[COLUMN=]NUMBER", help="not the preset's")
    parser.add_argument("--weight", action="append", default=[], metavar="COLUMN=NUMBER", help="in the drifted share")
    parser.add_argument("--kind", action="append", default=[], metavar="COLUMN=KIND", help=", ".join(KINDS))
    parser.add_argument("--key", metavar="COLUMNS", help="hold repeated rows of this key against the baseline's: a,b")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with every column's distributions, too")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("--chunk-size", type=int, metavar="N", help="nannyml: rows of a chunk")
    cut.add_argument("--chunks", type=int, metavar="N", help="nannyml: number of chunks (default 10)")
    cut.add_argument("--chunk-period", metavar="P", help=f"nannyml: {', '.join(PERIODS)}; needs --time")
    parser.add_argument("--time", metavar="COLUMN", help="nannyml: orders the rows")
    parser.set_defaults(run=run_compare, name="drift.compare")


def _add_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="Parquet, CSV or JSON Lines, also in gz or zst")
    parser.add_argument("-o", dest="to", type=Path, metavar="PROFILE", required=True, help="where to write it")
    parser.add_argument("--like", type=Path, metavar="PROFILE", help="count over the bins of this Profile")
    parser.add_argument("--key", metavar="COLUMNS", help="count repeated rows of this key, with commas between columns")
    parser.add_argument("--bins", type=int, default=1_024, metavar="N", help="of each numeric column (default 1024)")
    parser.add_argument("--kind", action="append", default=[], metavar="COLUMN=KIND", help=", ".join(KINDS))
    parser.set_defaults(run=run_profile, name="drift.profile")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profiles", type=Path, nargs="+", metavar="PROFILE", help="Profiles of equal bins")
    parser.add_argument("-o", dest="to", type=Path, metavar="PROFILE", required=True, help="where the sum is written")
    parser.set_defaults(run=run_merge, name="drift.merge")


def run_compare(arguments: argparse.Namespace) -> Answer:
    """Compare two tables."""
    from nephoscope.adapters.files.pairs import open_pair

    baseline, window = existing_file(arguments.baseline), existing_file(arguments.window)
    rules, kinds, cut = _rules(arguments), _kinds(arguments.kind), _cut(arguments)
    key = _key(arguments)
    page_of = _page() if arguments.html is not None else None
    if arguments.html is not None:
        apart(arguments.html, (baseline, window))
    dataset = window.name.split(".")[0]
    try:
        with ExitStack() as stack:
            tables = open_pair(stack, baseline, window, kinds, key=key)
            _check_key(key, tables.duplicates[0])
            preset = _chunked(stack, arguments, rules, kinds, cut) if rules.preset == "nannyml" else None
            looks = tables.each(partial(look, rules=rules, dataset=dataset, preset=preset, again=tables.again))
            found = compared(
                tables.rows,
                shown(looks) if getattr(arguments, "output", "text") == "text" else looks,
                rules,
                dataset=dataset,
                key=tables.key,
                duplicates=tables.duplicates,
            )
    except Unreadable as error:
        found = unread(error, rules, dataset=dataset)
    else:
        _check_columns(found, [*rules.methods, *rules.limits, *rules.weights, *kinds])
    if page_of is not None:
        write_whole(arguments.html, page_of(found, baseline=baseline.name, window=window.name).encode())
    return comparison(found)


def shown(looks: Iterable[Look]) -> Iterator[Look]:
    """Show on a terminal how many columns have been compared, as long as it goes on."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, emoji=False)
    columns = (TextColumn("comparing"), SpinnerColumn(), TextColumn("{task.completed} columns"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(looks, total=None)


def _page() -> Callable[..., str]:
    try:
        from nephoscope.adapters.drawing.page import page
    except ImportError as error:
        do = "pip install 'nephoscope[html]'"
        raise BadUsage("--html draws with matplotlib, which is not installed.", do=do) from error
    return page


def _chunked(
    stack: ExitStack, arguments: argparse.Namespace, rules: Rules, kinds: Mapping[str, Kind], cut: Callable[[int], Cut]
) -> Preset:
    from nephoscope.adapters.files.rows import open_chunks

    paths = (arguments.baseline, arguments.window)
    return open_chunks(stack, paths, kinds, cut, arguments.time, arguments.chunk_period, rules.limits)


def _cut(arguments: argparse.Namespace) -> Callable[[int], Cut]:
    """How rows are cut, from the options, which only the preset `nannyml` has."""
    given = [arguments.chunk_size, arguments.chunks, arguments.chunk_period, arguments.time]
    if arguments.preset != "nannyml" and any(option is not None for option in given):
        raise BadUsage("Chunks belong to the preset nannyml.", do="add --preset nannyml")
    for option, number in (("--chunk-size", arguments.chunk_size), ("--chunks", arguments.chunks)):
        if number is not None and number < 1:
            raise BadUsage(f"{option} {number} is less than 1.", do=f"write {option} 10")
    if arguments.chunk_period is not None:
        _known(arguments.chunk_period, list(PERIODS), "period")
        if arguments.time is None:
            raise BadUsage("--chunk-period needs a time column.", do="add --time COLUMN")
    if arguments.chunk_size is not None:
        return lambda rows: Cut(None, by_size(rows, arguments.chunk_size))
    return lambda rows: Cut(None, by_number(rows, arguments.chunks or 10))


def run_profile(arguments: argparse.Namespace) -> Answer:
    """Make the Profile of a file."""
    from nephoscope.adapters.files.tables import FileTables

    file = existing_file(arguments.file).resolve()
    like = stored_profile(arguments.like) if arguments.like else None
    apart(arguments.to, (file, arguments.like) if arguments.like else (file,))
    if not 2 <= arguments.bins <= 65_536:
        raise BadUsage(f"--bins {arguments.bins} is not between 2 and 65536.", do="choose 256 to 4096")
    key = _key(arguments)
    tables = FileTables(bins=arguments.bins, kinds=_kinds(arguments.kind))
    try:
        profile = tables.profile(ObjectRef("local", str(file.parent), file.name), like=like, key=key)
    except Unreadable as error:
        return not_made(str(error))
    _check_key(key, profile.duplicates)
    return _written(profile, arguments.to)


def _key(arguments: argparse.Namespace) -> tuple[str, ...]:
    return tuple(arguments.key.split(",")) if arguments.key else ()


def _check_key(key: tuple[str, ...], duplicates: int | None) -> None:
    if key and duplicates is None:
        what = f"Rows were not counted by the key {','.join(key)!r}: it has no such column, or a Profile another key."
        raise BadUsage(what, do="write --key a,b")


def run_merge(arguments: argparse.Namespace) -> Answer:
    """Add up Profiles."""
    profiles = [stored_profile(path) for path in arguments.profiles]
    return _written(merge(*profiles), apart(arguments.to, arguments.profiles))


def _written(profile: Profile, to: Path) -> Answer:
    body = to_json(profile)
    write_whole(to, body)
    return made(profile, to, len(body))


def _rules(arguments: argparse.Namespace) -> Rules:
    methods = dict(_assigned(text, "--method") for text in arguments.method)
    for name in methods.values():
        _known(name, METHODS, "method")
    return Rules(
        preset=arguments.preset,
        methods=methods,
        limits={column: _number(text, "--limit") for column, text in _all_assigned(arguments.limit, "--limit")},
        drawn=arguments.html is not None,
        weights={column: _number(text, "--weight") for column, text in _all_assigned(arguments.weight, "--weight")},
    )


def _all_assigned(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    return [_assigned(text, option) for text in texts]


def _assigned(text: str, option: str) -> tuple[str, str]:
    """
    Split COLUMN=VALUE; a value alone is for every column.

    >>> _assigned("a=b=ks", "--method"), _assigned("ks", "--method")
    (('a=b', 'ks'), ('', 'ks'))
    """
    column, _, value = text.rpartition("=")
    if not value:
        raise BadUsage(f"{option} {text!r} has no value.", do=f"write {option} COLUMN=VALUE")
    return column, value


def _number(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise BadUsage(f"{option} needs a number from 0 on, not {text!r}.", do=f"write {option} COLUMN=0.1")
    return number


def _kinds(texts: Sequence[str]) -> dict[str, Kind]:
    found = {}
    for column, name in _all_assigned(texts, "--kind"):
        if not column:
            raise BadUsage(f"--kind {name!r} names no column.", do="write --kind COLUMN=categorical")
        found[column] = Kind(_known(name, list(KINDS), "kind"))
    return found


def _known(name: str, names: Sequence[str], what: str) -> str:
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    do = f"write '{near[0]}'" if near else f"choose from {', '.join(names)}"
    raise BadUsage(f"There is no {what} '{name}'.", do=do)


def _check_columns(found: Comparison, named: Sequence[str]) -> None:
    names = [column.column for column in found.columns]
    for name in named:
        if name:
            _known(name, names, "column")
