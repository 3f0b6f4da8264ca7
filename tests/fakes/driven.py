"""What tests of whole deployments have in common: a table that lands, a program called once, and what Reports say."""

import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def delays(scale=1):
    """A table of departure delays in minutes, as Parquet; a larger scale drifts."""
    out = io.BytesIO()
    values = np.random.default_rng(2013).exponential(12, 2_000)
    pq.write_table(pa.table({"dep_delay": values * scale + 20 * (scale - 1)}), out)
    return out.getvalue()


def verdicts(reports):
    """What published Reports say: each check with its subject and its verdict."""
    told = [finding for report in reports for finding in json.loads(report)["data"]["findings"]]
    return {(finding["check"], finding["subject"], finding["verdict"]) for finding in told}


def called(program, given, folder, environment, outcome="done"):
    """Run a program that calls one entry point; it has to end well, with a run of this outcome."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(given),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'"outcome": "{outcome}"' in done.stderr, done.stderr
