"""Profiles a file of the bench, beside the bare decode of the same columns in the same process, on one thread."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
from nephoscope.adapters.files.parquet import BATCH_ROWS
from nephoscope.adapters.files.tables import FileTables
from nephoscope.events import ObjectRef


def decode(path: str) -> None:
    """Read every column in batches, as the profile does, and drop them."""
    words = [field.name for field in pq.ParquetFile(path).schema_arrow if str(field.type) == "string"]
    file = pq.ParquetFile(path, read_dictionary=words, pre_buffer=False)  # the faster way, for both
    for name in file.schema_arrow.names:
        for _ in file.iter_batches(batch_size=BATCH_ROWS, columns=[name], use_threads=False):
            pass


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def place(path: str) -> ObjectRef:
    """A file as the port names it."""
    return ObjectRef("local", str(Path(path).parent), Path(path).name)


kind, baseline_path, window_path = sys.argv[1:4]
tables = FileTables(bins=256, threads=1)
baseline = tables.profile(place(baseline_path))
like = None if kind == "baseline" else baseline
if kind == "memory":
    tables.profile(place(window_path), like=baseline)
    sys.exit()
decode(window_path)
bare = timed(lambda: decode(window_path))
ours = timed(lambda: tables.profile(place(window_path), like=like))
print(json.dumps({"ratio": ours[0] / bare[0], "cpu_ratio": ours[1] / bare[1], "seconds": ours[0]}))
