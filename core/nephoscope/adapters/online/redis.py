"""
Redis as Feast lays it out: one hash an entity, one field a feature, and the event time beside them.

    key      serialized entity key + project
    field    murmur3 of "view:feature", 4 bytes, little endian     →  serialized Value
    field    "_ts:" + view                                         →  serialized Timestamp

The newest row wins inside Redis: a script compares the times and writes in one step, so that runs which overlap cannot
undo one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.retry import Retry

from nephoscope.adapters.online.resp import bulk_string, bulk_strings, command_head
from nephoscope.errors import BadSettings, Permanent, Transient
from nephoscope.features.instants import instants, microseconds
from nephoscope.features.murmur3 import murmur3
from nephoscope.features.ragged import joined, repeated
from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.view import View

ROWS_A_CALL = 500
READS_A_CALL = 1000
_PASSING = (ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)
_PASSING_CODES = ("BUSY", "NOREPLICAS")  # the client leaves the code of errors that it has no class for

_NEWEST_WINS = """
local function number(text, at)
  local value, scale, inverted = 0, 1, 0
  while true do
    local byte = text:byte(at)
    local bits = byte % 128
    value = value + bits * scale
    inverted = inverted + (127 - bits) * scale
    at = at + 1
    if byte < 128 then
      if scale >= 128 ^ 9 then value = -(inverted - 126 * scale) - 1 end
      return value, at
    end
    scale = scale * 128
  end
end
local function time(text)
  local seconds, nanos, at = 0, 0, 1
  while at <= #text do
    local field = text:byte(at)
    local value
    value, at = number(text, at + 1)
    if field == 8 then seconds = value else nanos = value end
  end
  return seconds, nanos
end
local call = redis.call
local time_field, expire, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local pairs = {time_field}
for i = 1, count do pairs[2 * i + 1] = ARGV[3 + i] end
local written, at = 0, 3 + count
for _, key in ipairs(KEYS) do
  local new, old = ARGV[at + 1], call('HGET', key, time_field)
  local older = false
  if old and old ~= new then
    local s1, n1 = time(new)
    local s2, n2 = time(old)
    older = s1 < s2 or (s1 == s2 and n1 < n2)
  end
  if not older then
    for i = 0, count do pairs[2 * i + 2] = ARGV[at + 1 + i] end
    call('HSET', key, unpack(pairs))
    if expire > 0 then call('EXPIRE', key, expire) end
    written = written + 1
  end
  at = at + 1 + count
end
return written
"""


class RedisOnlineStore:
    """One Redis server that serves a project's features."""

    atomic = True
    batch_rows = 0

    def __init__(
        self,
        connection_string: str,
        project: str,
        *,
        password: str | None = None,
        key_ttl_seconds: int = 0,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._place = connection_string.partition(",")[0]
        self._project = project.encode()
        self._expire = key_ttl_seconds
        self._client = redis.Redis(**_options(connection_string, password, timeout_seconds))
        self._script: bytes | None = None

    def prepare(self, view: View) -> None:
        """Nothing has to be made before rows are written."""

    def write(self, view: View, rows: Rows) -> Written:
        """Write a batch; rows that are older than what is stored are left alone."""
        if not len(rows):
            return Written(0, 0)
        commands = list(self._commands(view, rows))
        with self._translated():
            written = self._sent(commands)
        return Written(written, len(rows) - written)

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """Read the rows of some entities."""
        names = list(view.features)
        fields = [self._time_field(view), *self._fields(view)]
        found: list[Stored | None] = []
        with self._translated():
            for start in range(0, len(keys), READS_A_CALL):
                with self._client.pipeline(transaction=False) as pipe:
                    for key in keys[start : start + READS_A_CALL]:
                        pipe.hmget(key + self._project, fields)
                    found += [_stored(names, values) for values in pipe.execute()]
        return found

    def _commands(self, view: View, rows: Rows) -> Iterator[bytes]:
        fields = self._fields(view)
        keys = bulk_strings(joined([rows.keys, repeated(self._project, len(rows))]))
        columns = [instants(rows.event_us), *(rows.features[name].values for name in view.features)]
        values = joined([bulk_strings(column) for column in columns])
        arguments = [self._time_field(view), b"%d" % self._expire, b"%d" % len(fields), *fields]
        constants = b"".join(map(bulk_string, arguments))
        for start in range(0, len(rows), ROWS_A_CALL):
            end = min(start + ROWS_A_CALL, len(rows))
            count = end - start
            total = 3 + count + len(arguments) + count * len(columns)
            yield b"".join(
                [
                    command_head([b"EVALSHA", self._loaded(), b"%d" % count], total),
                    keys.data[keys.offsets[start] : keys.offsets[end]].tobytes(),
                    constants,
                    values.data[values.offsets[start] : values.offsets[end]].tobytes(),
                ]
            )

    def _sent(self, commands: list[bytes]) -> int:
        try:
            return self._answers(commands)
        except NoScriptError:  # the server was restarted; the script has the same name when it is there again
            self._script = None
            self._loaded()
            return self._answers(commands)

    def _answers(self, commands: list[bytes]) -> int:
        connection = self._client.connection_pool.get_connection()
        try:
            connection.send_packed_command(commands)
            return sum(int(connection.read_response()) for _ in commands)
        except BaseException:
            connection.disconnect()  # answers that were not read must not meet the next command
            raise
        finally:
            self._client.connection_pool.release(connection)

    def _loaded(self) -> bytes:
        if self._script is None:
            with self._translated():
                digest = self._client.script_load(_NEWEST_WINS)
            self._script = digest if isinstance(digest, bytes) else digest.encode()
        return self._script

    def _fields(self, view: View) -> list[bytes]:
        name = view.name
        return [murmur3(f"{name}:{feature}".encode()).to_bytes(4, "little") for feature in view.features]

    def _time_field(self, view: View) -> bytes:
        return f"_ts:{view.name}".encode()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ResponseError as error:
            told = f"Redis at {self._place} refuses: {error}."
            if isinstance(error, _PASSING) or str(error).startswith(_PASSING_CODES):
                raise Transient(told) from error
            raise Permanent(told, do="check its version, its rights and features.stores") from error
        except RedisError as error:
            raise Transient(f"Redis at {self._place} does not answer: {error}.") from error


def _options(connection_string: str, password: str | None, timeout_seconds: float) -> dict[str, object]:
    """Feast's connection string, "host:port,db=0,ssl=true", as the client's options."""
    place, *parameters = connection_string.split(",")
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal():
        raise BadSettings(f"'{place}' is no place of a Redis.", do="write connection_string as HOST:PORT,OPTION=VALUE")
    options: dict[str, object] = {
        "host": host,
        "port": int(port),
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(ExponentialBackoff(cap=1.0, base=0.05), 2),
    }
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        options[name] = {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
    return options | ({} if password is None else {"password": password})


def _stored(names: list[str], values: list[bytes | None]) -> Stored | None:
    time, *features = values
    if time is None:
        return None
    return Stored(microseconds(time), {name: value or b"" for name, value in zip(names, features, strict=True)})
