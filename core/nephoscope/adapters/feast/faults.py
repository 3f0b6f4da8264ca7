"""Whose fault an error is that comes out of Feast."""

from __future__ import annotations

from functools import cache
from importlib import import_module

_OF_STORES = (
    ("google.api_core.exceptions", "GoogleAPIError"),
    ("grpc", "RpcError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("redis.exceptions", "RedisError"),
    ("sqlite3", "Error"),
    ("psycopg", "Error"),
    ("pymysql.err", "Error"),
    ("pymongo.errors", "PyMongoError"),
    ("cassandra", "DriverException"),
    ("cassandra.cluster", "NoHostAvailable"),
    ("thriftpy2.thrift", "TException"),  # HBase
    ("elasticsearch", "ApiError"),
    ("elasticsearch", "TransportError"),
    ("pymilvus.exceptions", "MilvusException"),
    ("couchbase.exceptions", "CouchbaseException"),
    ("singlestoredb.exceptions", "Error"),
    ("snowflake.connector.errors", "Error"),
    ("hazelcast.errors", "HazelcastError"),
    ("qdrant_client.http.exceptions", "ApiException"),
    ("aerospike.exception", "AerospikeError"),
)


@cache
def faults() -> tuple[type[Exception], ...]:
    """The errors of the stores whose SDKs are installed beside Feast."""
    found: list[type[Exception]] = [OSError]
    for module, name in _OF_STORES:
        try:
            found.append(getattr(import_module(module), name))
        except ImportError:
            continue  # its store cannot be configured either
    return tuple(found)
