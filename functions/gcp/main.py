"""Google Cloud's entry points, `<job>_on_<trigger>`; they decide nothing."""

import functions_framework
from cloudevents.http import CloudEvent
from nephoscope.payloads import gcp
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function
from nephoscope.wiring.gcp import Gcp

log_to_stderr()
function = Function.beside(__file__, Gcp())


@functions_framework.cloud_event
def monitoring_on_timer(event: CloudEvent) -> None:
    """A schedule's slot came: judge the models."""
    function.take("monitoring", lambda: [gcp.timer_fired(gcp.plain(event), schedule="monitoring")])


@functions_framework.cloud_event
def drift_on_object(event: CloudEvent) -> None:
    """A table landed: compare it with its Baseline."""
    function.take("drift", lambda: gcp.objects_written(gcp.plain(event)))


@functions_framework.cloud_event
def sweep_on_timer(event: CloudEvent) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


@functions_framework.cloud_event
def notify_on_message(event: CloudEvent) -> None:
    """The hub: a Report came."""
    function.take_in(lambda: [gcp.message_received(gcp.plain(event))])
