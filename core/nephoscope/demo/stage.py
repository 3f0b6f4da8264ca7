"""The demo's processes: the jobs, the hub and the receivers, each of its own, told the time by one file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from nephoscope.adapters.local.clock import FileClock
from nephoscope.demo.receivers import HOLD, PORTS, RECEIVED
from nephoscope.errors import Transient
from nephoscope.wiring.local import CLOCK_VARIABLE

PATIENCE_SECONDS = 60.0
SLACK_VARIABLE = "NEPHOSCOPE_DEMO_SLACK"
CHANNELS = ("console", "slack", "mail")

CONFIGURATION = """\
version: 1
hub: local
topic: sqlite:topic.db
state: sqlite:hub.db
stores: {{local: "sqlite:jobs.db"}}

datasets:
  flights:
    objects: landed
    format: parquet
    columns:
      dep_delay:
        ks: {{at_most: 0.1}}
        mean_diff: {{at_most: 15}}      # minutes
        null_share: {{at_most: 0.10}}

channels:
  console: {{type: console}}
  slack: {{type: slack, url: "env:{slack_variable}"}}
  mail:
    type: smtp
    host: 127.0.0.1
    port: {mail_port}
    tls: none
    sender: hub@demo.invalid
    recipients: [team@demo.invalid]

route:
  channels: [console, slack, mail]
  group_by: [dataset]
  group_wait: 0s
  group_interval: 0s
  repeat_interval: 4h

delivery: {{lease: 30s}}
"""


@dataclass(slots=True)
class Stage:
    """A folder with everything that the demo makes, and the processes that work in it."""

    folder: Path
    clock: FileClock
    landed: int = 0  # how many times a file landed
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        """The configuration that the jobs and the hub run with."""
        return self.folder / "nephoscope.yaml"

    def open(self) -> None:
        """Start the receivers, write the configuration, start the hub and the jobs."""
        (self.folder / "landed").mkdir()
        self._start("receivers", "-m", "nephoscope.demo.receivers", str(self.folder))
        self.wait_for(lambda: (self.folder / PORTS).exists(), "the receivers to listen")
        self._ports = json.loads((self.folder / PORTS).read_text(encoding="ascii"))
        self.configuration.write_text(
            CONFIGURATION.format(slack_variable=SLACK_VARIABLE, mail_port=self._ports["mail"]), encoding="utf-8"
        )
        self.start_hub()
        self._start("jobs", *self._up("jobs"))

    def start_hub(self) -> None:
        """Start the hub."""
        self._start("hub", *self._up("hub"))

    def land(self, name: str, body: bytes, *, at: datetime) -> None:
        """Move the clock and let a file land whole, at that time."""
        self.clock.set(at)
        draft = self.folder / "landed" / f".{name}"
        draft.write_bytes(body)
        os.utime(draft, (at.timestamp(), at.timestamp()))
        draft.replace(self.folder / "landed" / name)
        self.landed += 1

    def runs(self) -> int:
        """How many landed files the jobs have finished with, by their log."""
        lines = (self.folder / "jobs.log").read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line)["job"] == "drift" for line in lines if line.endswith("}"))

    @contextmanager
    def held(self) -> Iterator[None]:
        """While inside, the webhook accepts posts and does not answer."""
        hold = self.folder / HOLD
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    def kill_hub(self) -> int:
        """End the hub with SIGKILL, by its own pid."""
        hub = self._processes.pop("hub")
        hub.send_signal(signal.SIGKILL)
        hub.wait()
        return hub.pid

    def received(self) -> list[dict[str, str]]:
        """What the mailbox and the webhook got, and what stands on the hub's console."""
        path = self.folder / RECEIVED
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines] + self.console()

    def wait_for(self, ready: Callable[[], bool], what: str) -> None:
        """
        Wait until something is so.

        Raises:
            Transient: A process ended, or it took longer than a minute.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            self._look_after(until, what)
            time.sleep(0.02)

    def let_time_pass(self, step: timedelta, ready: Callable[[], bool], what: str) -> None:
        """Wait like `wait_for`, while the clock goes on by a step each half second."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            self._look_after(until, what)
            self.clock.set(self.clock.now() + step)
            stop = time.monotonic() + 0.5
            while time.monotonic() < stop and not ready():
                time.sleep(0.02)

    def _look_after(self, until: float, what: str) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise Transient(f"The {name} ended with {process.returncode}: {self._tail(name)}")
        if time.monotonic() > until:
            raise Transient(f"Waited {PATIENCE_SECONDS:.0f} s for {what}.", do="look into the logs with --keep DIR")

    def close(self) -> None:
        """Ask every process to stop, and wait for it."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def console(self) -> list[dict[str, str]]:
        """What stands on the hub's console."""
        lines = (self.folder / "hub.out").read_text(encoding="utf-8").splitlines()
        found = []
        title = ""
        for line in lines:
            if line and not line.startswith(" "):
                title = line
            if line.startswith("  delivery "):
                found.append({"channel": "console", "delivery": line.removeprefix("  delivery "), "title": title})
        return found

    def _up(self, half: str) -> tuple[str, ...]:
        return ("-m", "nephoscope", "up", "--only", half, "--poll", "0.05", "--config", str(self.configuration))

    def _start(self, name: str, *arguments: str) -> None:
        environment = dict(os.environ)
        environment[CLOCK_VARIABLE] = str(self.clock.path)
        if self._ports:
            environment[SLACK_VARIABLE] = f"http://127.0.0.1:{self._ports['slack']}/services/demo"
        with (self.folder / f"{name}.out").open("ab") as out, (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, *arguments], stdout=out, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )

    def _tail(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-600:]
