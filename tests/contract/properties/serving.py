"""AWS as a snapshot shows it: the collectors read the same account again, by whichever scope.

Filters, pages and single reads answer as EC2, Lambda, IAM and the tagging API do; what the snapshot holds
under one key is served under every key that could have told it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from tests.support.recorded_aws import RecordedAws, RefusedError, empty
from vpcguard.snapshot import OPERATIONS

Json = dict[str, Any]
Answer = Callable[[Json], Json]

_FILTERS: dict[str, Callable[[Json], Iterable[str | None]]] = {
    "vpc-id": lambda item: [item.get("VpcId")],
    "subnet-id": lambda item: [item.get("SubnetId")],
    "group-id": lambda item: [item.get("GroupId")],
    "network-interface-id": lambda item: [item.get("NetworkInterfaceId")],
    "interface-type": lambda item: [item.get("InterfaceType")],
    "instance-id": lambda item: [one["InstanceId"] for one in item["Instances"]],
    "service-name": lambda item: [item.get("ServiceName")],
    "attachment.vpc-id": lambda item: [one["VpcId"] for one in item["Attachments"]],
}
_EMPTY_ENTRIES: dict[str, Json] = {
    "lambda:GetFunctionConcurrency": {},
    "lambda:GetFunctionEventInvokeConfig": {},
    "lambda:ListAliases": {"Aliases": []},
    "lambda:ListVersionsByFunction": {"Versions": []},
    "ec2:GetManagedPrefixListEntries": {"Entries": []},
}


def aws_of(document: Json) -> RecordedAws:
    """Return the account of a snapshot in which every read was answered, and the owners it names."""
    owners = {owner: RecordedAws(_network(account["answers"])) for owner, account in _owners(document)}
    answers = document["answers"]
    return RecordedAws({**_network(answers), **_functions(answers), **_roles(answers)}, owners=owners)


def _owners(document: Json) -> Iterable[tuple[str, Json]]:
    found: dict[str, Json] = document.get("owners", {})
    return found.items()


def _network(answers: Json) -> dict[str, Answer]:
    served: dict[str, Answer] = {
        key: _filtered(key, answer)
        for key, answer in answers.items()
        if key.startswith("ec2:") and OPERATIONS[key].lists and not OPERATIONS[key].keys
    }
    option = answers.get("ec2:DescribeVpcBlockPublicAccessOptions")
    if option is not None:
        served["ec2:DescribeVpcBlockPublicAccessOptions"] = lambda _: option
    return served | {
        "ec2:DescribeVpcAttribute": _attribute(answers.get("ec2:DescribeVpcAttribute", {})),
        "ec2:GetManagedPrefixListEntries": _entry(answers, "ec2:GetManagedPrefixListEntries", "PrefixListId"),
    }


def _filtered(key: str, answer: Json) -> Answer:
    (name,) = OPERATIONS[key].lists

    def answered(parameters: Json) -> Json:
        items = answer[name]
        for one in [*parameters.get("Filters", []), *parameters.get("Filter", [])]:
            values, field = set(one["Values"]), _FILTERS[one["Name"]]
            items = [item for item in items if values & set(field(item))]
        return {name: items}

    return answered


def _attribute(by_vpc: Json) -> Answer:
    def answered(parameters: Json) -> Json:
        name = parameters["Attribute"]
        key = name[0].upper() + name[1:]
        default = {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}
        return {key: by_vpc.get(parameters["VpcId"], default)[key]}

    return answered


def _entry(answers: Json, key: str, parameter: str) -> Answer:
    entries = answers.get(key, {})

    def answered(parameters: Json) -> Json:
        found: Json = entries.get(parameters[parameter], _EMPTY_ENTRIES[key])
        return found

    return answered


def _functions(answers: Json) -> dict[str, Answer]:
    listed = {one["FunctionName"]: one for one in answers["lambda:ListFunctions"]["Functions"]}
    single = {**listed, **answers.get("lambda:GetFunctionConfiguration", {})}
    quotas = answers.get("servicequotas:GetServiceQuota", {})
    mappings = [
        {"FunctionArn": listed[name]["FunctionArn"], **mapping}
        for name, entry in answers.get("lambda:ListEventSourceMappings", {}).items()
        for mapping in entry["EventSourceMappings"]
    ]
    tagged = answers["tag:GetResources"]["ResourceTagMappingList"]
    tags = {one["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in tagged}
    return {
        "lambda:ListFunctions": lambda _: {"Functions": list(listed.values())},
        "lambda:GetFunctionConfiguration": lambda asked: _found(single, asked["FunctionName"]),
        "lambda:ListTags": lambda asked: {"Tags": tags.get(asked["Resource"], {})},
        "lambda:ListEventSourceMappings": lambda asked: {
            "EventSourceMappings": [one for one in mappings if _is_of(one, asked.get("FunctionName"))]
        },
        "tag:GetResources": lambda asked: {
            "ResourceTagMappingList": [
                one for one in tagged if one["ResourceARN"] in asked.get("ResourceARNList", tags)
            ]
        },
        "servicequotas:GetServiceQuota": lambda asked: _found(quotas, asked["QuotaCode"]),
        **{
            f"lambda:{name}": _entry(answers, f"lambda:{name}", "FunctionName")
            for name in (
                "GetFunctionConcurrency",
                "GetFunctionEventInvokeConfig",
                "ListAliases",
                "ListVersionsByFunction",
            )
        },
    }


def _is_of(mapping: Json, function: str | None) -> bool:
    # asked by an alias's ARN, Lambda answers what is mapped to that alias alone
    return (
        function is None
        or mapping["FunctionArn"] == function
        or mapping["FunctionArn"].endswith(f":{function}")
    )


def _found(entries: Json, key: str) -> Json:
    if key not in entries:
        raise RefusedError("ResourceNotFoundException", status=404)
    found: Json = entries[key]
    return found


def _encoded(value: Any) -> Any:
    """Return roles with their policy documents as IAM sends them: JSON, percent-encoded."""
    if isinstance(value, list):
        return [_encoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    is_document = {"PolicyDocument", "Document"}
    return {
        key: quote(json.dumps(one)) if key in is_document else _encoded(one) for key, one in value.items()
    }


def _roles(answers: Json) -> dict[str, Answer]:
    key = "iam:GetAccountAuthorizationDetails"
    details = _encoded(answers.get(key, empty(key)))
    roles = {one["RoleName"]: one for one in details["RoleDetailList"]}
    policies = {one["Arn"]: one for one in details["Policies"]}

    def role(asked: Json) -> Json:
        if asked["RoleName"] not in roles:
            raise RefusedError("NoSuchEntity", status=404)
        found: Json = roles[asked["RoleName"]]
        return found

    def inline(asked: Json) -> Json:
        documents = {one["PolicyName"]: one["PolicyDocument"] for one in role(asked)["RolePolicyList"]}
        name = asked["PolicyName"]
        return {"RoleName": asked["RoleName"], "PolicyName": name, "PolicyDocument": documents[name]}

    def version(asked: Json) -> Json:
        versions = policies[asked["PolicyArn"]]["PolicyVersionList"]
        return {"PolicyVersion": next(one for one in versions if one["VersionId"] == asked["VersionId"])}

    return {
        "iam:GetAccountAuthorizationDetails": lambda _: details,
        "iam:GetRole": lambda asked: {"Role": role(asked)},
        "iam:ListAttachedRolePolicies": lambda asked: {
            "AttachedPolicies": role(asked)["AttachedManagedPolicies"]
        },
        "iam:ListRolePolicies": lambda asked: {
            "PolicyNames": [one["PolicyName"] for one in role(asked)["RolePolicyList"]]
        },
        "iam:GetRolePolicy": inline,
        "iam:GetPolicy": lambda asked: {"Policy": policies[asked["PolicyArn"]]},
        "iam:GetPolicyVersion": version,
    }
