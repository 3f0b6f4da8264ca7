"""Google Cloud's entry points, `<job>_on_<trigger>`; they decide nothing."""

import functions_framework
from cloudevents.http import CloudEvent
from flask import Request, current_app, has_app_context
from nephoscope.payloads import gcp
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function
from nephoscope.wiring.gcp import Gcp
from nephoscope.wiring.push import Door, SnsDoor
from nephoscope.wiring.receiver import ready

log_to_stderr()
function = Function.beside(__file__, Gcp())
door, sns_door = Door(function), SnsDoor(function)
if has_app_context():
    ready(current_app)


@functions_framework.cloud_event
def monitoring_on_timer(event: CloudEvent) -> None:
    """A schedule's slot came: judge the models."""
    on_timer("monitoring", event)


@functions_framework.cloud_event
def cost_on_timer(event: CloudEvent) -> None:
    """A schedule's slot came: judge the month's bill."""
    on_timer("cost", event)


@functions_framework.cloud_event
def cost_on_object(event: CloudEvent) -> None:
    """A manifest landed: judge the bill that it lists."""
    on_object("cost", event)


@functions_framework.cloud_event
def drift_on_object(event: CloudEvent) -> None:
    """A table landed: compare it with its Baseline."""
    on_object("drift", event)


@functions_framework.cloud_event
def drift_on_timer(event: CloudEvent) -> None:
    """A schedule's slot came: judge the tables whose parts have all landed."""
    function.end_quiet_periods()


@functions_framework.cloud_event
def features_on_timer(event: CloudEvent) -> None:
    """A schedule's slot came: sync the features."""
    on_timer("features", event)


@functions_framework.cloud_event
def features_on_object(event: CloudEvent) -> None:
    """A features' source landed: sync what is computed from it."""
    on_object("features", event)


@functions_framework.cloud_event
def security_on_event(event: CloudEvent) -> None:
    """The audit log saw a call: judge it."""
    function.take("security", lambda: [gcp.security_event(gcp.plain(event))])


@functions_framework.cloud_event
def sweep_on_timer(event: CloudEvent) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


@functions_framework.cloud_event
def notify_on_message(event: CloudEvent) -> None:
    """The hub: a Report came."""
    function.take_in(lambda: [gcp.message_received(gcp.plain(event))])


@functions_framework.http
def notify_on_push(request: Request) -> tuple[str, int]:
    """The hub: a Report was pushed by HTTP; the sender's token is verified here."""
    return "", door.push(dict(request.headers), request.get_data())


@functions_framework.http
def notify_on_post(request: Request) -> tuple[str, int]:
    """The hub in a container: SNS posted a Report; its signature is verified here."""
    return "", sns_door.post(request.get_data())


@functions_framework.cloud_event
def rollup_on_timer(event: CloudEvent) -> None:
    """The hub: judge what the clouds say together."""
    on_timer("rollup", event)


def on_timer(job: str, event: CloudEvent) -> None:
    """Run a job for a slot."""
    function.take(job, lambda: [gcp.timer_fired(gcp.plain(event), schedule=job)])


def on_object(job: str, event: CloudEvent) -> None:
    """Run a job for an object."""
    function.take(job, lambda: gcp.objects_written(gcp.plain(event)))
