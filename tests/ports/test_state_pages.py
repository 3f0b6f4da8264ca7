"""How many requests a sweep's listing takes: pages of a thousand, and no more of them than there have to be (A5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.hub import START, Hub
from nephoscope.alerts.due import Marker

PAGE = 1000
MARKERS = 1_250


def test_a_sweep_lists_a_thousand_markers_a_request(gcs: str, clouds: tuple[str, ...]) -> None:
    """With 2,500 keys in one hour and none in the two before, a sweep lists five pages: three, one and one."""
    if "gcp" not in clouds:
        pytest.skip("not among --clouds: gcp")
    credentials = pytest.importorskip("google.auth.credentials").AnonymousCredentials()
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    listed: list[str] = []

    class Counting(Storage):
        """Notes the prefix of each listing."""

        def ask(self, method: str, path: str, place: str, **more: Any) -> Any:
            parts = urlsplit(path)
            if method == "GET" and parts.path.endswith("/o"):
                listed.append(parse_qs(parts.query)["prefix"][0])
            return super().ask(method, path, place, **more)

    storage = Counting(credentials, gcs)
    storage.ask("POST", "/storage/v1/b?project=mlops", "a bucket", body=b'{"name": "pages"}')
    hub = Hub(state=GcsState(storage, "pages", "hub"))
    hub.sweep()
    markers = [Marker(START - timedelta(minutes=1), f"group{number}", "", "x") for number in range(MARKERS)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: hub.state.create(key, b"{}"), [k for m in markers for k in (m.key, m.done_key)]))
    listed.clear()

    hub.sweep()

    due = [prefix.removeprefix("hub/") for prefix in listed if prefix.startswith("hub/due/")]
    assert due == [
        "due/2026-11-24T04",
        "due/2026-11-24T05",
        *["due/2026-11-24T06"] * ceil(2 * MARKERS / PAGE),
    ]
