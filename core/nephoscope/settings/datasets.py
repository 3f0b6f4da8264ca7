"""Which tables are watched, where they land and what their columns are held against."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.drift.limits import CHECKS, DriftLimits, Rules
from nephoscope.findings import Limit, Verdict, at_least, at_most, between
from nephoscope.settings.durations import Duration, duration
from nephoscope.settings.section import Runbook, Section, Text
from nephoscope.settings.urls import ObjectsUrl

METHODS = [name for name in CHECKS if name != "null_share"]

Interval: TypeAlias = Annotated[
    tuple[float, float],
    Meta(title="two numbers, the lower one first", extra_json_schema={"format": "nephoscope-interval"}),
]


class LimitSetting(Section, frozen=True, kw_only=True):
    """What a value is held against; exactly one of at_most, at_least and between."""

    at_most: Annotated[float, Meta(title="a number", description="The greatest good value.")] | UnsetType = UNSET
    at_least: Annotated[float, Meta(title="a number", description="The least good value.")] | UnsetType = UNSET
    between: Annotated[Interval, Meta(description="The least and the greatest good value.")] | UnsetType = UNSET
    at_limit: Annotated[Literal["ok", "breach"], Meta(description="What a value equal to the limit is.")] = "ok"
    for_: Annotated[Duration, Meta(description="How long a breach lasts before people are told.")] = field(
        name="for", default="0s"
    )

    def __post_init__(self) -> None:
        self.limit()

    def limit(self) -> Limit:
        """
        The Limit as the checks take it.

        Raises:
            ValueError: Not exactly one bound, or an inverted or endless one.
        """
        equality = Verdict(self.at_limit)
        made = [
            *([] if self.at_most is UNSET else [at_most(self.at_most, at_limit=equality)]),
            *([] if self.at_least is UNSET else [at_least(self.at_least, at_limit=equality)]),
            *([] if self.between is UNSET else [between(*ascending(self.between), at_limit=equality)]),
        ]
        if len(made) != 1:
            raise ValueError(f"a limit has exactly one of at_most, at_least and between, not {len(made)}")
        return replace(made[0], hold_seconds=duration(self.for_).total_seconds())


def ascending(interval: tuple[float, float]) -> tuple[float, float]:
    """
    Pass an interval whose lower bound comes first.

    Raises:
        ValueError: It does not.
    """
    low, high = interval
    if not low <= high:
        raise ValueError(f"an interval from {low} to {high} is empty")
    return low, high


Column: TypeAlias = Annotated[
    dict[
        str,
        Annotated[
            LimitSetting,
            Meta(extra_json_schema={"oneOf": [{"required": [b]} for b in ("at_most", "at_least", "between")]}),
        ],
    ],
    Meta(extra_json_schema={"propertyNames": {"enum": list(CHECKS), "title": "the name of a check"}}),
]


class Tables(Section, frozen=True, kw_only=True):
    """What profiles landed tables."""

    engine: Annotated[
        Literal["files", "spark"], Meta(description="`spark` profiles large Parquet tables on a cluster.")
    ] = "files"
    url: Annotated[
        Text, Meta(description="Of `spark`: a master such as `local[2]` or `yarn`, or Spark Connect's `sc://HOST`.")
    ] = "local[*]"
    larger_than_mib: Annotated[
        float, Meta(ge=0, description="Of `spark`: only objects larger than so many MiB are handed to it.")
    ] = 512


class Parts(Section, frozen=True, kw_only=True):
    """How a table lands in several objects of one folder."""

    done: Annotated[
        Text, Meta(description="The object that says that its folder is complete: its name, or its end after a `*`.")
    ] = "_SUCCESS"
    quiet: (
        Annotated[Duration, Meta(description="How long after its last part a folder counts as complete without one.")]
        | UnsetType
    ) = UNSET

    def completes(self, name: str) -> bool:
        """Whether an object of this name, without its folder, says that the folder is complete."""
        return name.endswith(self.done[1:]) if self.done.startswith("*") else name == self.done


class DataSet(Section, frozen=True, kw_only=True):
    """A table that lands again and again."""

    objects: Annotated[ObjectsUrl, Meta(description="The folder or the bucket's prefix that its files land in.")]
    format: (
        Annotated[
            Literal["parquet", "csv", "jsonl"],
            Meta(description="What its files must be; told from their content when absent."),
        ]
        | UnsetType
    ) = UNSET
    baseline: (
        Annotated[
            ObjectsUrl, Meta(description="The file or Profile it starts from; the first file that lands when absent.")
        ]
        | UnsetType
    ) = UNSET
    columns: Annotated[dict[Text, Column], Meta(description="The checks of each column and their limits.")] = field(
        default_factory=dict
    )

    preset: (
        Annotated[
            Literal["default", "evidently"],
            Meta(
                title="a preset that judges Profiles (nannyml needs rows: nephoscope drift compare)",
                description="Judges every column, and its nulls, categories and range; only `columns` when absent.",
            ),
        ]
        | UnsetType
    ) = UNSET
    methods: Annotated[
        dict[Text, Annotated[str, Meta(extra_json_schema={"enum": METHODS})]],
        Meta(description="The method of a column, in place of the preset's."),
    ] = field(default_factory=dict)
    limits_of: Annotated[
        dict[Text, Annotated[float, Meta(ge=0)]], Meta(description="The limit of a column, in place of the preset's.")
    ] = field(default_factory=dict)
    weights: Annotated[
        dict[Text, Annotated[float, Meta(ge=0)]], Meta(description="How much a column counts in the drifted share.")
    ] = field(default_factory=dict)
    rows: Annotated[LimitSetting, Meta(description="Its rows by those of one object of the baseline.")] | UnsetType = (
        UNSET
    )
    key: Annotated[
        tuple[Text, ...],
        Meta(description="The columns that tell its rows apart; no larger share may repeat them than did before."),
    ] = ()
    newest: Annotated[
        dict[Text, LimitSetting], Meta(description="Time column and hours since its newest value when it lands.")
    ] = field(default_factory=dict)

    runbook: Runbook | UnsetType = UNSET
    parts: (
        Annotated[Parts, Meta(description="How it lands in several objects; each object is a table when absent.")]
        | UnsetType
    ) = UNSET

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.methods.values()) - set(METHODS)):
            raise ValueError(f"no method is called {', '.join(unknown)}; known are {', '.join(METHODS)}")
        for column, checks in self.columns.items():
            if unknown := sorted(checks.keys() - CHECKS):
                raise ValueError(
                    f"no check of '{column}' is called {', '.join(unknown)}; known are {', '.join(CHECKS)}"
                )

    @property
    def expected(self) -> str | None:
        """The format that its files must have; None where any will do."""
        return None if self.format is UNSET else self.format

    @property
    def lands_quietly(self) -> bool:
        """Whether its parts may count as a table without an object that says so."""
        return self.parts is not UNSET and self.parts.quiet is not UNSET

    def limits(self) -> DriftLimits:
        """What its windows are held against."""
        return DriftLimits(
            columns={
                column: {check: setting.limit() for check, setting in checks.items()}
                for column, checks in self.columns.items()
            },
            rules=None if self.preset is UNSET else Rules(self.preset, self.methods, self.limits_of, self.weights),
            rows=None if self.rows is UNSET else self.rows.limit(),
            key=self.key,
            newest={column: setting.limit() for column, setting in self.newest.items()},
        )
