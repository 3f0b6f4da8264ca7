"""
What Azure's host does for its Python worker: load an app, index it, invoke its functions.

It runs under the interpreter that has azure-functions-runtime and speaks in lines of JSON: the functions it found
first, then one answer for each line read from stdin: an invocation, or a list of some that are made at once. Lines that
come while others are at work are answered as they are done, each with its `identity`.
"""

import asyncio
import json
import sys
from itertools import count
from types import SimpleNamespace


class Proto(SimpleNamespace):
    """Any message of the worker's protocol; what it is not given is None."""

    def __getattr__(self, name):
        return None


class Protos:
    """The protocol's messages by name."""

    StatusResult = type("StatusResult", (Proto,), {"Success": "success", "Failure": "failure"})
    BindingInfo = type("BindingInfo", (Proto,), {"inout": 2, "out": 1, "undefined": 0, "in": 0})

    def __getattr__(self, name):
        return Proto


class Data(SimpleNamespace):
    """A value of one kind: string, bytes, json."""

    def WhichOneof(self, _):  # noqa: N802 - protobuf's name
        return next(iter(vars(self)))


def request(**kinds):
    """A request as the worker's proxy hands it over."""
    return SimpleNamespace(request=SimpleNamespace(**kinds), properties={"host": "127.0.0.1", "protos": Protos()})


async def serve(folder):
    """Load the app in a folder and answer until stdin ends."""
    import azure_functions_runtime as runtime

    started = await runtime.worker_init_request(
        request(worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=folder))
    )
    if started.result.status != "success":
        raise SystemExit(f"the app was not indexed: {started.result.exception.message}")
    found = await runtime.functions_metadata_request(request())
    ids = {one.name: one.function_id for one in found.function_metadata_results}
    told = {one.name: {"retry": bool(one.retry_options)} for one in found.function_metadata_results}
    print(json.dumps(told), flush=True)

    numbers = count()

    async def answered(asked):
        answer = await runtime.invocation_request(request(invocation_request=invocation(asked, ids, next(numbers))))
        error = answer.result.exception
        return {"status": answer.result.status, "error": error and error.message}

    async def answer(asked):
        together = asked.get("together", [asked])
        answers = await asyncio.gather(*map(answered, together))
        said = {"together": answers} if "together" in asked else answers[0]
        print(json.dumps(said | {"identity": asked.get("identity")}), flush=True)

    async with asyncio.TaskGroup() as at_work:  # what goes wrong in one ends the host
        while line := await asyncio.to_thread(sys.stdin.readline):
            at_work.create_task(answer(json.loads(line)))


def invocation(asked, ids, number):
    """One invocation, in the host's shape."""
    value = Data(**{asked["kind"]: asked["value"]})
    metadata = {name: Data(json=text) for name, text in asked.get("metadata", {}).items()}
    given = SimpleNamespace(name=asked["argument"], data=value, WhichOneof=lambda _: "data")
    return SimpleNamespace(
        invocation_id=str(number),
        function_id=ids[asked["function"]],
        input_data=[given],
        trigger_metadata=metadata,
        trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
