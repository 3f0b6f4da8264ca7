"""A person's own account: what a laptop asks the clouds with."""

import pytest
from nephoscope.errors import BadSettings
from nephoscope.wiring.hub import records_at

pytest.importorskip("google.auth")


def test_a_person_is_no_machine_of_google(monkeypatch, tmp_path):
    """Who is not signed in is told how to: nobody's laptop asks Google for a machine's identity."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(BadSettings, match="gcloud auth application-default login"):
        records_at("gs://b/hub")
