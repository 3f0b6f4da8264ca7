"""Azure Functions' entry points, `<job>_on_<trigger>`; they decide nothing."""

from typing import Any

import azure.functions as func
from nephoscope.payloads import azure
from nephoscope.wiring.azure import Azure
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function
from nephoscope.wiring.push import GridDoor

log_to_stderr()
function = Function.beside(__file__, Azure())
app, door = func.FunctionApp(), GridDoor(function)
on_event_grid = app.event_grid_trigger(arg_name="event")


def on_schedule(job: str) -> Any:
    """A timer whose schedule the deployment sets; without the retry a slot that fails is lost."""
    retried = app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:10")
    timer = app.timer_trigger(arg_name="timer", schedule=f"%NEPHOSCOPE_TIMER_{job.upper()}%")
    return lambda entry_point: timer(retried(entry_point))


@on_schedule("monitoring")
def monitoring_on_timer(timer: func.TimerRequest) -> None:
    """A schedule's slot came: judge the models."""
    on_timer("monitoring", timer)


@on_schedule("cost")
def cost_on_timer(timer: func.TimerRequest) -> None:
    """A schedule's slot came: judge the month's bill."""
    on_timer("cost", timer)


@on_event_grid
def cost_on_object(event: func.EventGridEvent) -> None:
    """A manifest landed: judge the bill that it lists."""
    on_object("cost", event)


@on_event_grid
def drift_on_object(event: func.EventGridEvent) -> None:
    """A table landed: compare it with its Baseline."""
    on_object("drift", event)


@on_schedule("drift")
def drift_on_timer(timer: func.TimerRequest) -> None:
    """A schedule's slot came: judge the tables whose parts have all landed."""
    function.end_quiet_periods()


@on_schedule("features")
def features_on_timer(timer: func.TimerRequest) -> None:
    """A schedule's slot came: sync the features."""
    on_timer("features", timer)


@on_event_grid
def features_on_object(event: func.EventGridEvent) -> None:
    """A features' source landed: sync what is computed from it."""
    on_object("features", event)


@on_event_grid
def security_on_event(event: func.EventGridEvent) -> None:
    """The activity log saw a call: judge it."""
    function.take("security", lambda: [azure.security_event(azure.plain(event))])


@on_schedule("sweep")
def sweep_on_timer(timer: func.TimerRequest) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


@app.queue_trigger(arg_name="message", queue_name="nephoscope-reports", connection="NEPHOSCOPE_QUEUE")
def notify_on_message(message: func.QueueMessage) -> None:
    """The hub: a Report came."""
    body, identity, taken = message.get_body(), message.id or "", message.insertion_time
    function.take_in(lambda: [azure.message_received(body, identity, taken, now=function.clock.now())])


@app.route("reports", trigger_arg_name="request", methods=["POST", "OPTIONS"], auth_level=func.AuthLevel.FUNCTION)
def notify_on_post(request: func.HttpRequest) -> func.HttpResponse:
    """The hub: a Report was posted as a CloudEvent, or somebody asks whether he may."""
    answer = door.post(request.method, dict(request.headers), request.get_body())
    return func.HttpResponse(answer.body, status_code=answer.status, headers=dict(answer.headers))


@on_schedule("rollup")
def rollup_on_timer(timer: func.TimerRequest) -> None:
    """The hub: judge what the clouds say together."""
    on_timer("rollup", timer)


def on_timer(job: str, timer: Any) -> None:
    """Run a job for a slot."""
    function.take(job, lambda: [azure.timer_fired(job, timer.schedule_status, now=function.clock.now())])


def on_object(job: str, event: func.EventGridEvent) -> None:
    """Run a job for a blob."""
    function.take(job, lambda: azure.objects_written(azure.plain(event)))
