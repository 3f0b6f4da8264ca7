"""A person's own account: what a laptop asks the clouds with."""

import pytest
from nephoscope import settings
from nephoscope.errors import BadSettings
from nephoscope.wiring.function import Function
from nephoscope.wiring.gcp import Gcp
from nephoscope.wiring.hub import records_at
from nephoscope.wiring.local import Local

pytest.importorskip("google.auth")


def test_a_person_is_no_machine_of_google(monkeypatch, tmp_path):
    """Who is not signed in is told how to: nobody's laptop asks Google for a machine's identity."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(BadSettings, match="gcloud auth application-default login"):
        records_at("gs://b/hub")


def test_a_person_s_registry_is_read_as_that_person(monkeypatch, tmp_path):
    """`nephoscope features` on a laptop asks a cloud's store as whoever is signed in; only a function is a machine."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    written = settings.loads_json(b'{"version": 1, "stores": {"gcp": "gs://acme/records"}}', tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSettings, match="application-default login"):
        Local(written).features.state("gcp")
    (tmp_path / "nephoscope.json").write_text('{"version": 1, "stores": {"gcp": "gs://acme/records"}}')
    assert Function(Gcp(), tmp_path).features.state("gcp")


def test_the_region_is_aws_own_variable_for_it(monkeypatch, tmp_path):
    """AWS_REGION, which the advice names and each SDK but Python's reads first, is enough."""
    pytest.importorskip("botocore")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for variable in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(BadSettings, match="set AWS_REGION"):
        records_at("s3://b/hub")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert records_at("s3://b/hub")
