"""AWS Lambda's entry points, `<job>_on_<trigger>`; they decide nothing."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from nephoscope.payloads import aws
from nephoscope.wiring.aws import Aws
from nephoscope.wiring.entry import log_to_stderr
from nephoscope.wiring.function import Function

log_to_stderr()
function = Function.beside(__file__, Aws())


def monitoring_on_timer(payload: Any, context: Any) -> None:
    """A schedule's slot came: judge the models."""
    function.take("monitoring", lambda: [aws.timer_fired(payload)])


def drift_on_object(payload: Any, context: Any) -> Any:
    """A table landed, told through SQS: compare it with its Baseline."""
    return batch(payload, context, lambda one: function.take("drift", lambda: aws.objects_written(one)))


def sweep_on_timer(payload: Any, context: Any) -> None:
    """Each minute: publish what was not, and in the hub tell what is due."""
    function.sweep()


def notify_on_message(payload: Any, context: Any) -> Any:
    """The hub: a Report came, told through SQS."""
    return batch(payload, context, lambda one: function.take_in(lambda: [aws.message_received(one["Records"][0])]))


def batch(payload: Any, context: Any, work: Any) -> Any:
    """Work through a batch of SQS; what fails comes again, and nothing else."""
    if "Records" not in payload:
        return work(payload)
    batches = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(payload, lambda record: work({"Records": [record.raw_event]}), batches, context)
