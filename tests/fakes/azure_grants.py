"""What requests to Azure take, and what Terraform gives each job: actions, each with where."""

import json
import re
from urllib.parse import parse_qs, urlsplit

from emulators import AZURE_ACCOUNT

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
SEND = "Microsoft.EventGrid/events/send/action"
GRANT = re.compile(r'(?:^|\.)azurerm_role_assignment\.(prefix|publish|records|rollup)(?:\["([^"]+)"\])?$')
TOKEN = json.dumps({"access_token": "t", "expires_on": "4102444800", "token_type": "Bearer", "resource": "r"}).encode()


def actions(method, path, _headers, _body, _status):
    """
    The actions that one request takes, each with the blob, container or topic that it is asked of.

    >>> actions("GET", "/devstoreaccount1/records?restype=container&comp=list", {}, b"", 200)
    [('Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read', 'records')]
    """
    parts = urlsplit(path)
    if parts.path.startswith("/api/events"):
        return [(SEND, "topic")]
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
            values["role_definition_resource_id"]: [
                *values["permissions"][0]["actions"],
                *values["permissions"][0]["data_actions"],
            ]
            for address, values in resources.items()
            if "azurerm_role_definition.role" in address
        }
        self.of = {}
        for address, values in resources.items():
            found = GRANT.search(address)
            if found is None:
                continue
            key = found[2] or found[1]
            job = {"ledger": "rollup"}.get(key, key.split("/")[0])
            places = ["topic"] if SEND in roles[values["role_definition_id"]] else _places(values)
            self.of.setdefault(job, []).extend(
                (name, p) for name in roles[values["role_definition_id"]] for p in places
            )

    def allow(self, job, action, where):
        """Whether a job may; listing a container takes reading in it, under whichever prefix."""
        return any(
            action == name and (where.startswith(place) or where == place.partition("/")[0])
            for name, place in self.of[job]
        )


def _places(values):
    container = values["scope"].rpartition("/")[2]
    return [f"{container}/{prefix}" for prefix in re.findall(r"StringLike '([^']*)\*'", values["condition"])]
