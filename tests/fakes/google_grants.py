"""What requests to Google take, and what Terraform gives each job: permissions, each with where."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

GRANT = re.compile(
    r"(?:^|\.)google_(storage_bucket|pubsub_topic|project|secret_manager_secret|bigquery_dataset)_iam_member\.(\w+)"
    r'(?:\["([^"]+)"\])?$'
)
HELD_BY = {"rollup": "rollup", "desk": "sweep", "secret": "notify", "advice": "cost"}  # where no key names the job
CALLED = {
    "ListTimeSeriesRequest": "monitoring.timeSeries.list",
    "ListMetricDescriptorsRequest": "monitoring.metricDescriptors.list",
}
# What the one role of Google's own holds of the recommender that is asked here.
VIEWER = {"roles/recommender.viewer": ["recommender.computeInstanceIdleResourceRecommendations.list"]}


def permissions(method, path, _headers, body, status):
    """
    The permissions that one request takes, each with the object, bucket, topic, secret, data set or project it is for.

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
    if found := re.match(r"/v1/projects/[^/]+/secrets/([^/]+)/versions/[^/]+:access$", parts.path):
        return [("secretmanager.versions.access", found[1])]
    if found := re.match(r"/v1/(projects/[^/]+)/locations/[^/]+/recommenders/", parts.path):
        return [(VIEWER["roles/recommender.viewer"][0], found[1])]
    if parts.path.startswith("/bigquery/v2/"):
        return _bigquery(method, parts.path, body)
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


def called(request):
    """The permission that one request to Cloud Monitoring takes, and the project that it is for."""
    return CALLED[type(request).__name__], request.name


def _bigquery(method, path, body):
    if found := re.search(r"/projects/([^/]+)/datasets/([^/]+)/tables/", path):
        return [("bigquery.tables.get", f"{found[1]}.{found[2]}")]
    if method != "POST":
        return []  # "results of a job": whoever made the job may read them
    table = re.search(r"FROM `(.+)\.[^.`]+`", json.loads(body)["configuration"]["query"]["query"])[1]
    project = re.search(r"/(projects/[^/]+)/jobs", path)[1]
    return [("bigquery.jobs.create", project), ("bigquery.tables.getData", table)]


class Grants:
    """What Terraform gives each job: permissions, and where they hold."""

    def __init__(self, resources):
        roles = {
            values["id"]: (values["project"], values["permissions"])
            for address, values in resources.items()
            if "google_project_iam_custom_role.role" in address
        }
        self.of = {}
        for address, values in resources.items():
            found = GRANT.search(address)
            if found is None or values["role"] not in {*roles, *VIEWER}:
                continue
            project, names = roles.get(values["role"]) or (values["project"], VIEWER[values["role"]])
            # "Each custom role can be granted only within the project in which it was created."
            assert values.get("project", project) == project, (
                f"{address}: a role of {project} holds in no other project"
            )
            job = HELD_BY.get(found[2]) or found[3].split("/")[0]
            where = _place(found[1], values)
            self.of.setdefault(job, []).extend((name, where) for name in names)

    def allow(self, job, permission, where):
        """Whether a job may."""
        return any(permission == name and where.startswith(place) for name, place in self.of[job])


def _place(kind, values):
    if kind == "project":
        return f"projects/{values['project']}"
    if kind == "secret_manager_secret":
        return values["secret_id"]
    if kind == "bigquery_dataset":
        return f"{values['project']}.{values['dataset_id']}"
    if kind == "pubsub_topic":
        topic = values["topic"]
        return topic if topic.startswith("projects/") else f"projects/acme-ml/topics/{topic}"
    return f"{values['bucket']}{_prefix(values)}"


def _prefix(values):
    if not values["condition"]:
        return ""
    return "/" + re.search(r'/objects/(.*)"\)$', values["condition"][0]["expression"])[1]
