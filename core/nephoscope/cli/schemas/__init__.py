"""
The answers of the commands as types: the contract that people script against, which `nephoscope schema COMMAND` prints.

A command that answers in JSON has an entry here; a test holds its real output against it.
"""

from __future__ import annotations

from nephoscope.cli.schemas.configuration import Initialised, Validated
from nephoscope.cli.schemas.cost import CostReported
from nephoscope.cli.schemas.doctor import DoctorAsked
from nephoscope.cli.schemas.document import Document
from nephoscope.cli.schemas.drift import BaselineListed, DriftCompared, ProfileMade
from nephoscope.cli.schemas.features import FeaturesApplied, FeaturesJudged, FeaturesPlanned, FeaturesSynced
from nephoscope.cli.schemas.hub import (
    AlertShown,
    AlertsListed,
    Redriven,
    Replayed,
    RoutesTested,
    SilenceChanged,
    SilencesListed,
)
from nephoscope.cli.schemas.metrics import MetricsPut
from nephoscope.cli.schemas.run import Ran
from nephoscope.cli.schemas.runner import DemoPlayed, RunnerStopped
from nephoscope.cli.schemas.security import SecurityLogged
from nephoscope.cli.schemas.series import SeriesScored

ANSWERS: dict[str, type[Document]] = {
    "baseline.list": BaselineListed,
    "baseline.promote": BaselineListed,
    "baseline.rollback": BaselineListed,
    "alerts.list": AlertsListed,
    "alerts.show": AlertShown,
    "cost.report": CostReported,
    "demo": DemoPlayed,
    "doctor": DoctorAsked,
    "drift.compare": DriftCompared,
    "drift.merge": ProfileMade,
    "drift.profile": ProfileMade,
    "features.apply": FeaturesApplied,
    "features.freshness": FeaturesJudged,
    "features.parity": FeaturesJudged,
    "features.plan": FeaturesPlanned,
    "features.sync": FeaturesSynced,
    "init": Initialised,
    "metrics.put": MetricsPut,
    "redrive": Redriven,
    "replay": Replayed,
    "routes.test": RoutesTested,
    "run.cost": Ran,
    "run.drift": Ran,
    "run.features": Ran,
    "run.monitoring": Ran,
    "security.log": SecurityLogged,
    "run.rollup": Ran,
    "series.anomalies": SeriesScored,
    "silence.add": SilenceChanged,
    "silence.expire": SilenceChanged,
    "silence.list": SilencesListed,
    "up": RunnerStopped,
    "validate": Validated,
}
