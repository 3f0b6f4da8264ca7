"""
Write model metrics, nothing twice: each batch is claimed before it is sent, and marked when it is written.

    metrics/<day>/<batch id>.json    sending → written | unsent | refused

A batch whose answer was lost stays `sending`: nobody can tell whether it is written, so it is not sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

from nephoscope import records
from nephoscope.errors import Permanent, Transient, Uncertain
from nephoscope.monitoring.sample import Sample, batch_id
from nephoscope.ports import Lost, MetricWriter, State

PREFIX = "metrics/"


class Outcome(StrEnum):
    """What became of a batch."""

    SENDING = "sending"  # as a record: claimed, and never answered
    WRITTEN = "written"
    UNSENT = "unsent"  # certainly not written; may be put again
    REFUSED = "refused"  # never will be
    UNCERTAIN = "uncertain"  # perhaps written; is not sent again


@dataclass(frozen=True, slots=True)
class Batch:
    """The record of one batch."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Put:
    """What became of one sample in one cloud."""

    cloud: str
    sample: Sample
    outcome: Outcome
    reason: str = ""


def put(samples: Mapping[str, Sequence[Sample]], *, writers: Mapping[str, MetricWriter], state: State) -> list[Put]:
    """
    Write samples into each cloud's store.

    Args:
        samples: Cloud → samples.
        writers: Cloud → what writes there; each of `samples` has one.
        state: Where batches are claimed.

    Raises:
        Transient: The state does not answer; what was not claimed was not sent.
    """
    return [
        Put(cloud, sample, became.outcome, became.reason)
        for cloud, wanted in samples.items()
        for batch in writers[cloud].batches(wanted)
        for became in [_put(cloud, batch, writers[cloud], state)]
        for sample in batch
    ]


def _put(cloud: str, batch: Sequence[Sample], writer: MetricWriter, state: State) -> Batch:
    key = f"{PREFIX}{batch[0].at.astimezone(UTC).date().isoformat()}/{batch_id(cloud, batch)}.json"
    claimed = state.create(key, records.encode(Batch(Outcome.SENDING)))
    if claimed is Lost.EXISTS and (before := _before(state, key)) is not None:
        return before
    became = _sent(batch, writer)
    if became.outcome is not Outcome.UNCERTAIN:
        records.change(state, key, Batch, lambda _: became)
    return became


def _before(state: State, key: str) -> Batch | None:
    """What became of the batch earlier; None where it is now claimed anew, because it certainly was not written."""
    known = records.read(state, key, Batch)
    if known is None or known.outcome is not Outcome.UNSENT:
        lost = Batch(Outcome.UNCERTAIN, "An earlier try was never answered; it is not sent again.")
        return lost if known is None or known.outcome is Outcome.SENDING else known
    mine = Batch(Outcome.SENDING)

    def claimed(old: Batch | None) -> Batch | None:
        return mine if old is not None and old.outcome is Outcome.UNSENT else old

    if records.change(state, key, Batch, claimed) is mine:
        return None
    return Batch(Outcome.UNCERTAIN, "Somebody else is writing it now.")


def _sent(batch: Sequence[Sample], writer: MetricWriter) -> Batch:
    try:
        writer.put(batch)
    except Permanent as error:
        return Batch(Outcome.REFUSED, error.what)
    except Uncertain as error:
        return Batch(Outcome.UNCERTAIN, error.what)
    except Transient as error:
        return Batch(Outcome.UNSENT, error.what)
    return Batch(Outcome.WRITTEN)
