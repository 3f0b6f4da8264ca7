"""What requests to Google take, and what Terraform gives each job: permissions, each with where."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

GRANT = re.compile(r'(?:^|\.)google_(storage_bucket|pubsub_topic)_iam_member\.(\w+)(?:\["([^"]+)"\])?$')


def permissions(method, path, _headers, body, status):
    """
    The permissions that one request takes, each with the object, bucket or topic that it is asked of.

    To hear that an object is not there takes the right to list: whoever has it not is answered 403.

    >>> permissions("GET", "/storage/v1/b/x/o/ledger%2Fa.json?alt=media", {}, b"", 200)
    [('storage.objects.get', 'x/ledger/a.json')]
    >>> permissions("GET", "/storage/v1/b/x?prettyPrint=false", {}, b"", 200)
    [('storage.buckets.get', 'x')]
    """
    parts = urlsplit(path)
    if found := re.fullmatch(r"/storage/v1/b/([^/]+)", parts.path):
        return [("storage.buckets.get", found[1])] if method == "GET" else []
    if found := re.match(r"/v1/(projects/.*):publish$", parts.path):
        return [("pubsub.topics.publish", found[1])]
    found = re.match(r"(?:/upload|/download)?/storage/v1/b/([^/]+)/o(?:/(.+))?$", parts.path)
    if found is None:
        return []
    asked = parse_qs(parts.query)
    listed = [("storage.objects.list", found[1])]
    if method == "GET":
        one = [("storage.objects.get", f"{found[1]}/{unquote(found[2])}")] if found[2] else listed
        return [*one, *listed] if status == 404 else one
    told = re.search(rb'"name": *("[^"]*")', body)
    name = asked["name"][0] if "name" in asked else json.loads(told[1])
    where = f"{found[1]}/{name}"
    over = [("storage.objects.delete", where)] if asked.get("ifGenerationMatch") != ["0"] else []
    return [("storage.objects.create", where), *over]


class Grants:
    """What Terraform gives each job: permissions, and where they hold."""

    def __init__(self, resources):
        roles = {
            values["id"]: values["permissions"]
            for address, values in resources.items()
            if "google_project_iam_custom_role.role" in address
        }
        self.of = {}
        for address, values in resources.items():
            found = GRANT.search(address)
            if found is None or values["role"] not in roles:
                continue
            job = "rollup" if found[2] == "rollup" else found[3].split("/")[0]
            where = values.get("topic") or f"{values['bucket']}{_prefix(values)}"
            where = where if where.startswith(("acme", "projects/")) else f"projects/acme-ml/topics/{where}"
            self.of.setdefault(job, []).extend((name, where) for name in roles[values["role"]])

    def allow(self, job, permission, where):
        """Whether a job may."""
        return any(permission == name and where.startswith(place) for name, place in self.of[job])


def _prefix(values):
    if not values["condition"]:
        return ""
    return "/" + re.search(r'/objects/(.*)"\)$', values["condition"][0]["expression"])[1]
