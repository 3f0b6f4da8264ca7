"""
DynamoDB as Feast lays it out: one table a view, one item an entity.

    entity_id   murmur3 of the serialized entity key, 128 bits in hex
    event_ts    the event time as text
    values      feature → serialized Value

`BatchWriteItem` knows no conditions and Feast overwrites without looking, so what is stored is read first and older
rows are left out. Two runs that overlap could still undo one another between the two calls: `atomic` is False, and
whoever writes holds a lease on the view.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import mmh3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError

from nephoscope.adapters.aws.refusals import GONE, code, translated
from nephoscope.errors import Transient
from nephoscope.features.rows import Rows, Stored, Written
from nephoscope.features.view import View

KEYS_A_READ = 100
ITEMS_A_WRITE = 25
TRIES = 8
THREADS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DynamoDbOnlineStore:
    """The DynamoDB tables that serve a project's features."""

    atomic = False
    batch_rows = 0

    def __init__(
        self,
        client: Any,
        project: str,
        *,
        table_name_template: str = "{project}.{table_name}",
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._project = project
        self._template = table_name_template
        self._pause = pause

    def prepare(self, view: View) -> None:
        """Make the view's table, paid for by request, where it is not there."""
        name = self._table(view)
        with translated(f"the table {name}"):
            if not self._there(name):
                self._client.create_table(
                    TableName=name,
                    KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
                    BillingMode="PAY_PER_REQUEST",
                )
                self._client.get_waiter("table_exists").wait(TableName=name)

    def write(self, view: View, rows: Rows) -> Written:
        """Write a batch; rows that are older than what is stored are left alone."""
        table = self._table(view)
        chunks = [np.arange(start, min(start + KEYS_A_READ, len(rows))) for start in range(0, len(rows), KEYS_A_READ)]
        with ThreadPoolExecutor(THREADS) as pool, translated(f"the table {table}"):
            parts = list(pool.map(lambda chunk: self._write(table, view, rows.take(chunk)), chunks))
        return sum(parts, Written(0, 0))

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """Read the rows of some entities; a table that is not there holds none."""
        table, ids = self._table(view), [entity_id(key) for key in keys]
        distinct = list(dict.fromkeys(ids))  # a call that names a key twice is refused
        chunks = [distinct[start : start + KEYS_A_READ] for start in range(0, len(distinct), KEYS_A_READ)]
        with ThreadPoolExecutor(THREADS) as pool, translated(f"the table {table}"):
            found = {
                name: item for part in pool.map(lambda chunk: self._get(table, chunk), chunks) for name, item in part
            }
        return [_stored(view, found[name]) if name in found else None for name in ids]

    def _write(self, table: str, view: View, rows: Rows) -> Written:
        ids, times = [entity_id(key) for key in rows.keys.rows()], rows.event_us.tolist()
        held = {
            name: _microseconds(item["event_ts"]["S"]) for name, item in self._get(table, ids, "entity_id, event_ts")
        }
        columns = [(name, rows.features[name].values.rows()) for name in view.features]
        items = [
            _item(name, event_us, {feature: values[at] for feature, values in columns})
            for at, (name, event_us) in enumerate(zip(ids, times, strict=True))
            if event_us >= held.get(name, event_us)
        ]
        for start in range(0, len(items), ITEMS_A_WRITE):
            self._put(table, items[start : start + ITEMS_A_WRITE])
        return Written(len(items), len(rows) - len(items))

    def _get(self, table: str, ids: Sequence[str], projection: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        request: dict[str, Any] = {"Keys": [{"entity_id": {"S": name}} for name in ids], "ConsistentRead": True}
        if projection:
            request["ProjectionExpression"] = projection
        asked = {table: request}
        for pause in self._pauses():
            try:
                answer = self._client.batch_get_item(RequestItems=asked)
            except ClientError as error:
                if code(error) in GONE:
                    return
                raise
            for item in answer["Responses"].get(table, ()):
                yield item["entity_id"]["S"], item
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return
            pause()
        raise Transient(f"DynamoDB left keys of '{table}' unread in {TRIES} tries.")

    def _put(self, table: str, items: Sequence[Mapping[str, Any]]) -> None:
        asked: Any = {table: [{"PutRequest": {"Item": item}} for item in items]}
        for pause in self._pauses():
            asked = self._client.batch_write_item(RequestItems=asked).get("UnprocessedItems") or {}
            if not asked:
                return
            pause()
        raise Transient(f"DynamoDB left items of '{table}' unwritten in {TRIES} tries.")

    def _pauses(self) -> Iterator[Callable[[], None]]:
        for attempt in range(TRIES):
            yield lambda seconds=0.05 * 2**attempt: self._pause(seconds)  # type: ignore[misc]

    def _there(self, name: str) -> bool:
        try:
            self._client.describe_table(TableName=name)
        except ClientError as error:
            if code(error) in GONE:
                return False
            raise
        return True

    def _table(self, view: View) -> str:
        name = view.name
        return self._template.format(project=self._project, table_name=name)


def entity_id(key: bytes) -> str:
    """
    An entity's name in DynamoDB.

    Source: `feast.infra.online_stores.helpers.compute_entity_id` of Feast 0.67.
    """
    digest: bytes = mmh3.hash_bytes(key)
    return digest.hex()


def _item(name: str, event_us: int, values: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "entity_id": {"S": name},
        "event_ts": {"S": str(_EPOCH + timedelta(microseconds=event_us))},
        "values": {"M": {feature: {"B": value} for feature, value in values.items()}},
    }


def _stored(view: View, item: Mapping[str, Any]) -> Stored:
    values = item["values"]["M"]
    found = {name: bytes(values[name]["B"]) if name in values else b"" for name in view.features}
    return Stored(_microseconds(item["event_ts"]["S"]), found)


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def client(region: str, endpoint: str | None) -> Any:
    """A client whose connections suffice for the threads."""
    return boto3.client(
        "dynamodb", region_name=region, endpoint_url=endpoint, config=Config(max_pool_connections=THREADS * 2)
    )
