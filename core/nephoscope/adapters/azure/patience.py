"""How long Azure's clients wait before they try again: not longer than a run has time for."""

from __future__ import annotations

from typing import Any

from nephoscope.errors import Transient

LONGEST_SECONDS = 8.0


class LongWait(Transient):
    """The service is throttling, and names a wait that is longer than the run."""


class ShortWaits:
    """A policy of azure-core's pipeline, run at each try: it ends the tries where waiting would outlast the run."""

    next: Any  # the policy after it, which the pipeline sets

    def send(self, request: Any) -> Any:
        """
        Let a request pass, and its answer unless that asks for a long wait.

        Raises:
            LongWait: The service is throttling, and names a wait of more than eight seconds.
        """
        response = self.next.send(request)
        answer = response.http_response
        seconds = _seconds(answer.headers.get("Retry-After", ""))
        if answer.status_code == 429 and seconds > LONGEST_SECONDS:
            raise LongWait(f"Azure Monitor is throttling and asks to wait {seconds:g} s.", retry_after_seconds=seconds)
        return response


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
