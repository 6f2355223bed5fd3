"""What the fake AWS says to one call: the answers of a snapshot document, filtered and paged as AWS does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Parameters = Mapping[str, str]

# operation -> (list, parameter of the size, default, most, parameter of the token, token in the answer)
PAGED = {
    "ListFunctions": ("Functions", "MaxItems", 50, 50, "Marker", "NextMarker"),
    "GetResources": (
        "ResourceTagMappingList",
        "ResourcesPerPage",
        50,
        100,
        "PaginationToken",
        "PaginationToken",
    ),
    "GetAccountAuthorizationDetails": ("RoleDetailList", "MaxItems", 100, 1000, "Marker", "Marker"),
}
PER_RESOURCE = {  # operation -> parameter that names the resource
    "DescribeVpcAttribute": "VpcId",
    "GetManagedPrefixListEntries": "PrefixListId",
    "GetServiceQuota": "QuotaCode",
}
FILTERS = {  # name of a filter -> where an item says it
    "vpc-id": ("VpcId",),
    "attachment.vpc-id": ("Attachments", "VpcId"),
    "interface-type": ("InterfaceType",),
    "subnet-id": ("SubnetId",),
    "group-id": ("GroupId",),
    "network-interface-id": ("NetworkInterfaceId",),
    "instance-id": ("Instances", "InstanceId"),
    "prefix-list-name": ("PrefixListName",),
    "service-name": ("ServiceName",),
}
REGIONS = {  # which are enabled
    "eu-west-1": "opt-in-not-required",
    "eu-north-1": "opted-in",
    "ap-east-1": "not-opted-in",
    "me-south-1": "not-opted-in",
}
OF_A_FUNCTION: dict[str, Json] = {  # what AWS says of a function without any
    "ListAliases": {"Aliases": []},
    "ListVersionsByFunction": {"Versions": []},
    "GetFunctionConcurrency": {},
}


class Account:
    """The answers of one account, in boto3's shapes; {} for a call it does not know."""

    def __init__(self, document: Json) -> None:
        self._answers: Json = document["answers"]
        self._account_id = document["account_id"]
        self._functions = {f["FunctionName"]: f for f in self._answers["lambda:ListFunctions"]["Functions"]}
        self._tags = {
            t["ResourceARN"]: t["Tags"] for t in self._answers["tag:GetResources"]["ResourceTagMappingList"]
        }
        authorization = self._answers["iam:GetAccountAuthorizationDetails"]
        self._roles = {role["RoleName"]: role for role in authorization["RoleDetailList"]}
        self._policies = {policy["Arn"]: policy for policy in authorization["Policies"]}

    def answer(self, operation: str, service: str, parameters: Parameters) -> Json:
        """Return what AWS would answer."""
        if operation == "GetCallerIdentity":
            arn = f"arn:aws:iam::{self._account_id}:user/bench"
            return {"Account": self._account_id, "UserId": "bench", "Arn": arn}
        if operation == "DescribeRegions":
            told = [{"RegionName": name, "OptInStatus": status} for name, status in REGIONS.items()]
            is_every = parameters.get("AllRegions") == "true"
            return {"Regions": [one for one in told if is_every or one["OptInStatus"] != "not-opted-in"]}
        if service == "lambda" and operation != "ListFunctions":
            return self._of_lambda(operation, parameters)
        if service == "iam" and operation != "GetAccountAuthorizationDetails":
            return self._of_iam(operation, parameters)
        found: Json = self._answers.get(f"{service}:{operation}", {})
        if operation in PER_RESOURCE:
            found = found.get(parameters[PER_RESOURCE[operation]], {})
        if attribute := parameters.get("Attribute"):
            return {key: value for key, value in found.items() if key.lower() == attribute.lower()}
        return _page(found, operation, parameters) if operation in PAGED else _filtered(found, parameters)

    def _of_lambda(self, operation: str, parameters: Parameters) -> Json:
        if operation == "ListEventSourceMappings":
            return {"EventSourceMappings": []}
        if operation == "ListTags":
            pairs = self._tags.get(parameters["Resource"], [])
            return {"Tags": {pair["Key"]: pair["Value"] for pair in pairs}}
        if operation == "GetFunctionConfiguration":
            name = parameters["FunctionName"].rpartition(":")[2]
            return {**self._functions[name], "State": "Active", "LastUpdateStatus": "Successful"}
        return dict(OF_A_FUNCTION.get(operation, {}))

    def _of_iam(self, operation: str, parameters: Parameters) -> Json:
        if operation in ("GetPolicy", "GetPolicyVersion"):
            policy = self._policies[parameters["PolicyArn"]]
            id_ = {"PolicyId": policy["PolicyName"]}
            return (
                {"Policy": policy | id_}
                if operation == "GetPolicy"
                else {"PolicyVersion": policy["PolicyVersionList"][0]}
            )
        role = self._roles[parameters["RoleName"]]
        inline = role["RolePolicyList"]
        answers: Json = {
            "GetRole": {"Role": role},
            "ListAttachedRolePolicies": {
                "AttachedPolicies": role["AttachedManagedPolicies"],
                "IsTruncated": False,
            },
            "ListRolePolicies": {"PolicyNames": [one["PolicyName"] for one in inline], "IsTruncated": False},
            "GetRolePolicy": {"RoleName": role["RoleName"], **inline[0]},
        }
        return dict(answers[operation])


def _page(answer: Json, operation: str, parameters: Parameters) -> Json:
    name, size_key, size, most, token_key, next_key = PAGED[operation]
    size = min(int(parameters.get(size_key, size)), most)
    start = int(parameters.get(token_key) or 0)
    page = {**answer, name: answer[name][start : start + size]}
    if start:
        page.pop("Policies", None)  # AWS lists every entity once
    if more := start + size < len(answer[name]):
        page[next_key] = str(start + size)
    if operation == "GetAccountAuthorizationDetails":
        page["IsTruncated"] = more
    return page


def _filtered(answer: Json, parameters: Parameters) -> Json:
    filters = [
        (FILTERS[name], {value for key, value in parameters.items() if key.startswith(f"{prefix}.Value.")})
        for key, name in parameters.items()
        if key.startswith("Filter.") and key.endswith(".Name") and name in FILTERS
        for prefix in [key.removesuffix(".Name")]
    ]
    return {
        key: [item for item in value if all(values & set(_at(item, path)) for path, values in filters)]
        if isinstance(value, list)
        else value
        for key, value in answer.items()
    }


def _at(item: Any, path: tuple[str, ...]) -> Iterator[str]:
    if not path:
        yield item
    elif isinstance(item, list):
        for one in item:
            yield from _at(one, path)
    elif path[0] in item:
        yield from _at(item[path[0]], path[1:])
