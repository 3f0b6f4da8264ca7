"""What requests to Azure take, and what Terraform gives each job: actions, each with where."""

import json
import re
from urllib.parse import parse_qs, urlsplit

from emulators import AZURE_ACCOUNT

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
SEND = "Microsoft.EventGrid/events/send/action"
NAMED = {
    "/secrets/": "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "metrics:getBatch": "Microsoft.Insights/Metrics/read",
    "Microsoft.CostManagement/query": "Microsoft.CostManagement/query/action",
    "Microsoft.Advisor/recommendations": "Microsoft.Advisor/recommendations/read",
}
IDENTITY = re.compile(r'(?:^|\.)azurerm_user_assigned_identity\.job\["([^"]+)"\]$')
TOKEN = json.dumps({"access_token": "t", "expires_on": "4102444800", "token_type": "Bearer", "resource": "r"}).encode()


def actions(method, path, _headers, body, _status):
    """
    The actions that one request takes, each with the blob, container, topic, workspace or path that it is asked of.

    >>> actions("GET", "/devstoreaccount1/records?restype=container&comp=list", {}, b"", 200)
    [('Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read', 'records')]
    """
    parts = urlsplit(path)
    if parts.path.startswith("/api/events"):
        return [(SEND, "topic")]
    if parts.path.startswith("/v1/workspaces/"):
        workspace = "Microsoft.OperationalInsights/workspaces/query"
        tables = re.search(r"^(?:union )?([A-Za-z0-9_, ]+)$", json.loads(body)["query"], re.MULTILINE)[1].split(", ")
        return [(f"{workspace}/{name}read", "workspace") for name in ("", *(f"{table}/" for table in tables))]
    if found := next((right for part, right in NAMED.items() if part in parts.path), ""):
        return [(found, parts.path)]
    if not parts.path.startswith(f"/{AZURE_ACCOUNT}/"):
        return []
    place = parts.path.removeprefix(f"/{AZURE_ACCOUNT}/")
    if method == "PUT" and "restype" in parse_qs(parts.query):
        return []  # the test makes the containers
    return [(f"{BLOBS}/{'write' if method == 'PUT' else 'read'}", place)]


class Grants:
    """What Terraform gives each job: actions, and where they hold."""

    def __init__(self, resources):
        roles = {
            values[identity].rpartition("/")[2]: values
            for address, values in resources.items()
            for identity in ("role_definition_id", "role_definition_resource_id")
            if "azurerm_role_definition.role" in address
        }
        jobs = {
            values["principal_id"]: found[1]
            for address, values in resources.items()
            if (found := IDENTITY.search(address))
        }
        self.of = {}
        for address, values in resources.items():
            if "azurerm_role_assignment." not in address:
                continue
            role, job = roles.get(values["role_definition_id"].rpartition("/")[2]), jobs.get(values["principal_id"])
            if role is None or job is None:
                continue  # Azure's own roles are the host's; other identities are no job's
            scope, [may] = values["scope"], role["permissions"]
            known = scope.startswith("/subscriptions/2")  # what is mocked has ids that nobody chose
            assert not known or any(scope.startswith(each) for each in role["assignable_scopes"]), address
            names = [*may["actions"], *may["data_actions"]]
            self.of.setdefault(job, []).extend((name, place) for name in names for place in _places(values))

    def allow(self, job, action, where):
        """Whether a job may; listing a container takes reading in it, under whichever prefix."""
        return any(
            action == name and (where.startswith(place) or where == place.partition("/")[0])
            for name, place in self.of[job]
        )


def _places(values):
    scope = values["scope"]
    if values["condition"]:
        container = scope.rpartition("/")[2]
        return [f"{container}/{prefix}" for prefix in re.findall(r"StringLike '([^']*)\*'", values["condition"])]
    if "/secrets/" in scope:
        return [scope[scope.index("/secrets/") :]]
    kinds = {"topic": "/Microsoft.EventGrid/topics/", "workspace": "/Microsoft.OperationalInsights/workspaces/"}
    return [next((name for name, kind in kinds.items() if kind in scope), scope)]
