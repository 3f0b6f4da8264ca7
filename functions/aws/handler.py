"""AWS Lambda's entry points, `<job>_on_<trigger>`; they decide nothing."""

from typing import Any

from nephoscope.payloads import aws
from nephoscope.wiring.aws import Aws
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function

log_to_stderr()
function = Function.beside(__file__, Aws())


def monitoring_on_timer(payload: Any, context: Any) -> None:
    """A schedule's slot came: judge the models."""
    on_timer("monitoring", payload)


def cost_on_timer(payload: Any, context: Any) -> None:
    """A schedule's slot came: judge the month's bill."""
    on_timer("cost", payload)


def cost_on_object(payload: Any, context: Any) -> Any:
    """A manifest landed: judge the bill that it lists."""
    return on_object("cost", payload, context)


def drift_on_object(payload: Any, context: Any) -> Any:
    """A table landed: compare it with its Baseline."""
    return on_object("drift", payload, context)


def drift_on_timer(payload: Any, context: Any) -> None:
    """A schedule's slot came: judge the tables whose parts have all landed."""
    function.end_quiet_periods()


def features_on_timer(payload: Any, context: Any) -> None:
    """A schedule's slot came: sync the features."""
    on_timer("features", payload)


def features_on_object(payload: Any, context: Any) -> Any:
    """A features' source landed: sync what is computed from it."""
    return on_object("features", payload, context)


def security_on_event(payload: Any, context: Any) -> None:
    """CloudTrail saw a call: judge it."""
    function.take("security", lambda: [aws.security_event(payload)])


def sweep_on_timer(payload: Any, context: Any) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


def notify_on_message(payload: Any, context: Any) -> Any:
    """The hub: a Report came, through SQS or from SNS itself."""
    if not aws.is_batch(payload):
        return function.take_in(lambda: aws.messages_received(payload))
    return batch(payload, context, lambda one: function.take_in(lambda: [aws.message_received(one)]))


def rollup_on_timer(payload: Any, context: Any) -> None:
    """The hub: judge what the clouds say together."""
    on_timer("rollup", payload)


def on_timer(job: str, payload: Any) -> None:
    """Run a job for a slot."""
    function.take(job, lambda: [aws.timer_fired(payload)])


def on_object(job: str, payload: Any, context: Any) -> Any:
    """Run a job for objects, told through SQS or by S3, SNS or EventBridge themselves."""
    if not aws.is_batch(payload):
        return function.take(job, lambda: aws.objects_written(payload))
    return batch(payload, context, lambda one: function.take(job, lambda: aws.objects_written({"Records": [one]})))


def batch(payload: Any, context: Any, work: Any) -> Any:
    """Work through a batch of SQS; what fails comes again, and nothing else."""
    # On first use: half of a cold start, and a timer's function never has a batch.
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    batches = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(payload, lambda record: work(record.raw_event), batches, context)
