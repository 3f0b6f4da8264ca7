"""Azure Functions' entry points, `<job>_on_<trigger>`; they decide nothing."""

import azure.functions as func
from nephoscope.payloads import azure
from nephoscope.wiring.azure import Azure
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function

log_to_stderr()
function = Function.beside(__file__, Azure())
app = func.FunctionApp()
again = {"strategy": "fixed_delay", "max_retry_count": "3", "delay_interval": "00:00:10"}


@app.timer_trigger(arg_name="timer", schedule="%NEPHOSCOPE_TIMER_MONITORING%")
@app.retry(**again)
def monitoring_on_timer(timer: func.TimerRequest) -> None:
    """A schedule's slot came: judge the models."""
    function.take("monitoring", lambda: [fired("monitoring", timer)])


@app.event_grid_trigger(arg_name="event")
def drift_on_object(event: func.EventGridEvent) -> None:
    """A table landed: compare it with its Baseline."""
    function.take("drift", lambda: azure.objects_written(azure.plain(event)))


@app.timer_trigger(arg_name="timer", schedule="%NEPHOSCOPE_TIMER_SWEEP%")
def sweep_on_timer(timer: func.TimerRequest) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


@app.queue_trigger(arg_name="message", queue_name="nephoscope-reports", connection="NEPHOSCOPE_QUEUE")
def notify_on_message(message: func.QueueMessage) -> None:
    """The hub: a Report came."""
    function.take_in(lambda: [received(message)])


def fired(job: str, timer: func.TimerRequest) -> azure.TimerFired:
    """The slot of a timer."""
    return azure.timer_fired(job, timer.schedule_status, now=function.clock.now())


def received(message: func.QueueMessage) -> azure.MessageReceived:
    """The Event of a message."""
    return azure.message_received(message.get_body(), message.id, message.insertion_time, now=function.clock.now())
