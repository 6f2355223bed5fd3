"""Recorded AWS: real botocore clients whose calls are answered here instead of on the network.

Stubber answers in one fixed order, which reads on several threads do not keep; this answers by
operation and parameters, and keeps what was asked.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import botocore.session
from botocore.config import Config

from vpcguard.snapshot import OPERATIONS

ACCOUNT, OWNER, REGION = "111122223333", "444455556666", "eu-west-1"
_SESSION: Any = botocore.session.Session()
_SESSION.set_credentials("access", "secret")
_KEYS = {(operation.client, operation.name): key for key, operation in OPERATIONS.items()}
_creation = threading.Lock()

Json = dict[str, Any]
Answer = Callable[[Json], Json]


class RefusedError(Exception):
    """An error answer of AWS: code, message, HTTP status."""

    def __init__(self, code: str, message: str = "refused", *, status: int = 400) -> None:
        super().__init__(code)
        self.parsed = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        self.status = status


class RecordedAws:
    """An AwsReader whose answers are functions of the parameters, by "<service>:<Operation>".

    What is not given answers with empty lists. owners: account id -> its recorded answers, or what
    asking for it raises. `calls` holds every (operation, parameters) in the order they came.
    """

    def __init__(
        self, answers: Mapping[str, Answer], *, owners: Mapping[str, RecordedAws | Exception] | None = None
    ) -> None:
        self._answers = answers
        self._owners = owners or {}
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self.calls: list[tuple[str, Json]] = []

    def client(self, service: str) -> Any:
        """Return a real client that never reaches the network."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def owner(self, account_id: str) -> RecordedAws | None:
        """Return another account, or raise what asking for it raises."""
        found = self._owners.get(account_id)
        if isinstance(found, Exception):
            raise found
        return found

    def counts(self) -> Counter[str]:
        """Return how often each operation was called."""
        return Counter(key for key, _ in self.calls)

    def asked(self, key: str) -> list[Json]:
        """Return the parameters of every call of one operation."""
        return [parameters for called, parameters in self.calls if called == key]

    def _new_client(self, service: str) -> Any:
        with _creation:
            client: Any = _SESSION.create_client(
                service, region_name=REGION, config=Config(retries={"mode": "standard"})
            )
        client.meta.events.register("before-parameter-build", _keep_parameters)
        client.meta.events.register("before-call", lambda **event: self._answer(service, **event))
        return client

    def _answer(self, service: str, model: Any, context: Json, **_: Any) -> tuple[SimpleNamespace, Json]:
        key = _KEYS[service, model.name]
        parameters = context["recorded_parameters"]
        with self._lock:
            self.calls.append((key, parameters))
        try:
            answer = self._answers[key](parameters) if key in self._answers else empty(key)
        except RefusedError as refusal:
            return SimpleNamespace(status_code=refusal.status), refusal.parsed
        # botocore decodes policies in place
        return SimpleNamespace(status_code=200), {
            **deepcopy(answer),
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }


def _keep_parameters(params: Json, context: Json, **_: Any) -> None:
    context["recorded_parameters"] = dict(params)


def empty(key: str) -> Json:
    """Return an answer of an operation whose lists hold nothing."""
    return {name: [] for name in OPERATIONS[key].lists}


def always(answer: Json) -> Answer:
    """Answer the same whatever is asked."""
    return lambda _: answer


def refused(code: str, message: str = "refused", *, status: int = 403) -> Answer:
    """Refuse whatever is asked."""

    def refuse(_: Json) -> Json:
        raise RefusedError(code, message, status=status)

    return refuse


def by(parameter: str, answers: Mapping[str, Json], *, missing: str = "ResourceNotFoundException") -> Answer:
    """Answer by one parameter; what is not listed does not exist."""

    def answer(parameters: Json) -> Json:
        if parameters[parameter] not in answers:
            raise RefusedError(missing, status=404)
        return answers[parameters[parameter]]

    return answer


def paged(
    key: str, items: list[Any], *, size: int, at: str = "Marker", next_at: str = "NextMarker"
) -> Answer:
    """Answer a list page by page."""
    (name,) = OPERATIONS[key].lists

    def answer(parameters: Json) -> Json:
        start = int(parameters.get(at) or 0)
        page = {name: items[start : start + size]}
        return page | ({next_at: str(start + size)} if start + size < len(items) else {})

    return answer


def filtered(key: str, items: list[Json], *, parameter: str = "Filters") -> Answer:
    """Answer a Describe call by its filters on ids; other filters let everything through."""
    (name,) = OPERATIONS[key].lists
    fields = {"vpc-id": "VpcId", "subnet-id": "SubnetId", "group-id": "GroupId"} | {
        "network-interface-id": "NetworkInterfaceId",
        "interface-type": "InterfaceType",
    }

    def answer(parameters: Json) -> Json:
        found = items
        for each in parameters.get(parameter, []):
            field = fields.get(each["Name"])
            found = [item for item in found if field is None or item.get(field) in each["Values"]]
        return {name: found}

    return answer


def document(*actions: str) -> str:
    """Return a policy document as IAM sends it: JSON, percent-encoded."""
    return quote(json.dumps({"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))


def a_function(name: str, *, vpc_id: str | None = "vpc-0a", role: str | None = None, **more: Any) -> Json:
    """Return a function as Lambda answers it; vpc_id None: not attached."""
    attached = {"VpcId": vpc_id, "SubnetIds": [f"subnet-{vpc_id}"], "SecurityGroupIds": [f"sg-{vpc_id}"]}
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/service/{role or name}",
        "Version": "$LATEST",
        "State": "Active",
        **({"VpcConfig": attached} if vpc_id else {}),
        **more,
    }


def a_network(vpc_id: str, *, owner: str = ACCOUNT) -> dict[str, Json]:
    """Return one VPC with a subnet, a group and a route table, by operation."""
    return {
        "ec2:DescribeVpcs": {"VpcId": vpc_id, "OwnerId": owner, "InstanceTenancy": "default"},
        "ec2:DescribeSubnets": {"SubnetId": f"subnet-{vpc_id}", "VpcId": vpc_id, "OwnerId": owner},
        "ec2:DescribeSecurityGroups": {"GroupId": f"sg-{vpc_id}", "VpcId": vpc_id},
        "ec2:DescribeRouteTables": {"RouteTableId": f"rtb-{vpc_id}", "VpcId": vpc_id, "Routes": []},
    }


def networks(*found: dict[str, Json]) -> dict[str, Answer]:
    """Return answers that filter these networks as EC2 does."""
    keys = (
        "ec2:DescribeVpcs",
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeRouteTables",
    )
    return {key: filtered(key, [network[key] for network in found]) for key in keys}


def functions(*found: Json) -> dict[str, Answer]:
    """Return answers for these functions, listed and one by one."""
    return {
        "lambda:ListFunctions": paged("lambda:ListFunctions", list(found), size=50),
        "lambda:GetFunctionConfiguration": by("FunctionName", {each["FunctionName"]: each for each in found}),
        "lambda:ListTags": always({"Tags": {}}),
    }
