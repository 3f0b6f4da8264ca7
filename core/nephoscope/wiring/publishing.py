"""
Model-quality metrics out of a training or scoring program:

    from nephoscope.wiring.publishing import Publisher

    publisher = Publisher.from_file()
    publisher.put("fraud_detection_v2", {"accuracy": 0.91, "predictions": 1200})
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from nephoscope.errors import BadUsage
from nephoscope.jobs.publishing import Put, put
from nephoscope.ports import MetricWriter
from nephoscope.settings.samples import samples
from nephoscope.settings.section import Cloud
from nephoscope.wiring.local import Local
from nephoscope.wiring.metrics import configured, metric_writer

METRIC = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Writes metrics into the stores that one configuration names."""

    local: Local
    _writers: dict[str, MetricWriter] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path | None = None) -> Publisher:
        """
        Read the configuration: the file given, NEPHOSCOPE_CONFIG, or ./nephoscope.yaml.

        Raises:
            BadUsage, BadSettings: There is none, or it has mistakes.
        """
        return cls(Local.from_file(path))

    def put(
        self,
        model: str,
        values: Mapping[str, float],
        *,
        clouds: Sequence[str] = (),
        version: str = "",
        at: datetime | None = None,
    ) -> list[Put]:
        """
        Write one value of each metric; putting the same again, after whatever error, writes nothing twice.

        Args:
            model: The model's name in the configuration; one that is not configured is written all the same.
            values: Metric → value, a finite number of any kind, such as NumPy's.
            clouds: Where to; every metric store of the configuration when empty.
            version: The model's version, as a label.
            at: The time of the values, with a zone; the current minute when absent.

        Returns:
            What became of each sample.

        Raises:
            BadUsage: A value is no finite number, a name is no metric's or no cloud's, or the time has no zone. Nothing
                is written.
            BadSettings: A cloud has no metric store that can be written to.
            Transient: The ledger does not answer.
        """
        if not values or not all(map(METRIC.fullmatch, map(str, values))):
            raise BadUsage(
                f"{', '.join(map(repr, values)) or 'Nothing'} names no metrics.",
                do="call them by lower-case letters, digits and '_', such as accuracy",
            )
        when = at or self.local.clock.now().replace(second=0, microsecond=0)
        if when.utcoffset() is None:
            raise BadUsage(f"The time {when} has no zone.", do="give it one, such as datetime.UTC")
        if unknown := [cloud for cloud in clouds if cloud not in get_args(Cloud)]:
            known = ", ".join(get_args(Cloud))
            raise BadUsage(f"{', '.join(map(repr, unknown))} names no cloud.", do=f"list some of {known}")
        numbers = {name: _number(name, value) for name, value in values.items()}
        settings = self.local.settings
        chosen: Any = clouds or configured(settings)
        writers = {cloud: self._writer(cloud) for cloud in chosen}
        wanted = {cloud: samples(settings, cloud, model, numbers, at=when, version=version) for cloud in chosen}
        return put(wanted, writers=writers, state=self.local.ledger)

    def _writer(self, cloud: str) -> MetricWriter:
        if cloud not in self._writers:
            self._writers[cloud] = metric_writer(cloud, self.local.settings)
        return self._writers[cloud]


def _number(name: str, value: Any) -> float:
    """
    A value as the stores take it; text is none, whatever it spells.

    Raises:
        BadUsage: It is no finite number.
    """
    with suppress(TypeError, ValueError, OverflowError):
        if not isinstance(value, str | bytes) and math.isfinite(number := float(value)):
            return number
    raise BadUsage(f"'{name}' is a {type(value).__name__} that is no finite number.", do="leave it out, or correct it")
