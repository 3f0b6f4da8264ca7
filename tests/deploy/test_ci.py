"""The CI templates stage, validate, plan and apply, sign in by OIDC, and run nobody's moving tag."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

CI = Path(__file__).parents[2] / "deploy" / "ci"


@pytest.fixture(params=["github.yml", "gitlab.yml"])
def template(request):
    """The text of one template."""
    return (CI / request.param).read_text()


def test_it_is_yaml(template):
    """A template can be copied as it is."""
    assert YAML(typ="safe", pure=True).load(template)


def test_every_step_is_there(template):
    """What is applied was staged, validated and planned before."""
    places = [template.index(word) for word in ("stage.py", "deploy validate", "deploy plan", "deploy apply")]
    assert places == sorted(places)


def test_no_key_is_used(template):
    """Every cloud is signed in to by a token of this run alone."""
    assert not re.search(r"(?i)secret_access_key|client.secret|credentials_json|{{ *secrets\.", template)
    assert "id-token: write" in template or "id_tokens:" in template


def test_actions_are_pinned_by_digest():
    """A tag that somebody moves changes nothing here."""
    used = re.findall(r"uses: *(\S+)", (CI / "github.yml").read_text())
    assert len(used) == 12
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)


def test_a_pull_request_may_do_little():
    """Nothing is granted by default, and applying waits for an environment."""
    flow = YAML(typ="safe", pure=True).load((CI / "github.yml").read_text())
    assert flow["permissions"] == {}
    assert flow["jobs"]["apply"]["environment"] == "production"
    assert {job: one["permissions"] for job, one in flow["jobs"].items()} == {
        job: {"contents": "read", "id-token": "write"} for job in ("plan", "apply")
    }


def test_what_stages_has_what_staging_takes(template):
    """`make setup` brings what runs on one machine: staging needs uv, and the doctor each cloud's own library."""
    assert "make deploy-setup" in template
    assert not re.search(r"make setup\b", template)
