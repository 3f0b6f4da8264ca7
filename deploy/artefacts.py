"""What each artefact is made of: one for each job in each cloud; and how large it may get."""

from __future__ import annotations

from dataclasses import dataclass

CLOUDS = ("aws", "azure", "gcp")
JOBS = ("monitoring", "cost", "drift", "security", "sweep", "notify", "rollup")

EVERYWHERE = ("cronsim>=2.6", "msgspec>=0.20")
# Lambda's runtime brings boto3, and a urllib3 that may be older.
OF_CLOUD = {
    "aws": ("aws-lambda-powertools>=3.20", "urllib3>=2.2"),
    "azure": (
        "azure-functions>=1.25,<2; python_version < '3.13'",
        "azure-functions>=2.1; python_version >= '3.13'",
        "azure-identity>=1.19",
        "pyjwt[crypto]>=2.10",  # azure-identity brings it
        "urllib3>=2.2",
    ),
    "gcp": ("functions-framework>=3.10", "google-auth[requests]>=2.38", "urllib3>=2.2"),
}
# What a foreign topic takes is a signer, never an SDK, and of AWS alone; staged only where the topic is there.
SIGNERS = {"aws": "botocore>=1.40"}
OF_JOB = {
    "cost": ("duckdb>=1.4", "numpy>=2.0"),
    "drift": ("numpy>=2.0", "pyarrow>=18"),
    "monitoring": ("numpy>=2.0",),
    "notify": ("slack-sdk>=3.35",),
    "sweep": ("slack-sdk>=3.35",),
}
OF_BOTH = {
    ("azure", "monitoring"): ("azure-monitor-query>=2.0", "azure-monitor-querymetrics>=1.0"),
    ("gcp", "cost"): ("google-cloud-bigquery>=3.30",),
    ("gcp", "monitoring"): ("google-cloud-monitoring>=2.27",),
}

# The image of the features job: Feast, what it imports for online stores, and what staging inside it takes.
FEATURES = (
    "aiobotocore>=2.13",
    "boto3>=1.40",
    "feast[redis]>=0.67,<0.68",
    "mmh3>=4.1",
    "numpy>=2.0",
    "pyarrow>=18",
    "redis>=5",
    "ruamel.yaml>=0.18",
)
# An image brings its own runtime, and Feast's stores of that cloud.
IMAGE = {
    "aws": ("awslambdaric>=3.1",),
    "azure": ("azure-storage-blob>=12.24",),
    "gcp": (
        "google-cloud-bigquery>=3.30",
        "google-cloud-bigtable>=2.24",
        "google-cloud-datastore>=2.20",
        "google-cloud-storage>=3.0",
    ),
}

HANDLERS = {"aws": ("handler.py",), "azure": ("function_app.py", "host.json"), "gcp": ("main.py",)}
# Where the packages lie in the artefact; None where the cloud installs them itself, from the lock.
PACKAGES = {"aws": "", "azure": ".python_packages/lib/site-packages", "gcp": None}

# Never run in a function.
NOT_STAGED = ("nephoscope/cli", "nephoscope/demo", "nephoscope/__main__.py", "nephoscope/py.typed")
TRIMMED = (
    "**/tests",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.pyx",
    "**/*.h",
    "**/*.hpp",
    "bin",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/libarrow*flight.so*",
    "pyarrow/libarrow_s3.so*",
    "pyarrow/libarrow*.so",  # the same library again, for linkers
    "pyarrow/libarrow*.so.*.*.*",
    "pyarrow/_flight.*",
    "pyarrow/_pyarrow_cpp_tests.*",
    "pyarrow/_s3fs.*",
    "pyarrow/_substrait.*",
    "aws_lambda_powertools/event_handler",
    "numpy/f2py",
    "numpy/_core/lib",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/sboms",
)

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bound:
    """The greatest size of an artefact; 0 where there is no bound."""

    zipped_bytes: int = 0
    unzipped_bytes: int = 0


BOUNDS = {
    ("aws", "monitoring"): Bound(zipped_bytes=20 * MIB),
    ("aws", "notify"): Bound(zipped_bytes=20 * MIB),
    ("aws", "cost"): Bound(zipped_bytes=50 * MIB),
    ("aws", "drift"): Bound(unzipped_bytes=225 * MIB),
}


def requirements(cloud: str, job: str) -> tuple[str, ...]:
    """
    What an artefact needs, before it is locked; or, for a cloud in the place of a job, what publishing to it takes.

    >>> requirements("gcp", "sweep")[-1]
    'slack-sdk>=3.35'
    """
    if job in SIGNERS:
        return (SIGNERS[job],)
    if job == "features":
        return tuple(sorted({*EVERYWHERE, *OF_CLOUD[cloud], *FEATURES, *IMAGE[cloud]}))
    wanted = {*EVERYWHERE, *OF_CLOUD[cloud], *OF_JOB.get(job, ()), *OF_BOTH.get((cloud, job), ())}
    return tuple(sorted(wanted))
