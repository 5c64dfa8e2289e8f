"""Clarifai's shape of a change, and Clarifai's Python client to read it with."""

import datetime
import os
from urllib.parse import urlsplit

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

from report import equal

NAME = "clarifai"
HAS_OUTCOME = True


def is_word(word, other):
    return word is not None and word["code"] == other["code"]


def targets(entry):
    """Kinds of targets with the vendor's names for them."""
    return {rule["kind"]: rule["clarifai"] for rule in entry.get("targets", []) if "clarifai" in rule}


def kinds(entry):
    return set(targets(entry))


def entry(word, change):
    time = datetime.datetime.fromtimestamp(change.second, datetime.timezone.utc)
    return {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "user": {"id": change.user},
        "operation": word["code"],
        "targets": [{name: {"id": change.target(kind)}} for kind, name in targets(change.entry).items()],
        "success": change.success,
    }


def read(word, second, token):
    server = urlsplit(os.environ["DOCKET_URL"])
    channel = ClarifaiChannel.get_insecure_grpc_channel(server.hostname, server.port)
    query = resources_pb2.AuditLogQuery(operations=[word["code"]])
    query.timestamp_from.seconds = query.timestamp_to.seconds = second
    answer = service_pb2_grpc.V2Stub(channel).PostAuditLogSearches(
        service_pb2.PostAuditLogSearchesRequest(
            user_app_id=resources_pb2.UserAppIDSet(user_id="me"), query=query),
        metadata=(("authorization", f"Key {token}"),), timeout=30)
    equal(answer.status.code, status_code_pb2.SUCCESS, answer.status.details)
    return list(answer.entries)


def check(found, word, owner, change):
    equal(found.operation, word["code"], "operation")
    equal(found.timestamp.seconds, change.second, "timestamp")
    equal(found.user.id, change.user, "user")
    equal(found.success, change.success, "success")
    printed = {target.WhichOneof("target"): getattr(target, target.WhichOneof("target")).id for target in found.targets}
    for kind, name in targets(owner).items():
        if change.is_told(kind):
            equal(printed.get(name), change.target(kind), name)
