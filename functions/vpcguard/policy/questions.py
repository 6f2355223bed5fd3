"""One question's worth of facts: functions that share VPCs, with all that a verdict about them can rest on.

A verdict must not depend on the cut: a batch holds everything that hangs on its VPCs, and whatever its
functions, routes and endpoints name beyond them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

Json = dict[str, Any]
# every question costs what its networks cost, so that few large ones are faster; OPA's memory grows with them
MOST_FUNCTIONS = 250

_BY_VPC = (
    "subnets",
    "route_tables",
    "nat_gateways",
    "vpc_endpoints",
    "security_groups",
    "network_acls",
    "network_interfaces",
    "instances",
)
_BY_ATTACHMENT = ("internet_gateways", "egress_only_internet_gateways")
# few, and not about one VPC, function or role
_SHARED_COVERAGE = frozenset({"subnets", "prefix_list_entries", "block_public_access", "quotas"})
_OF_AWS = "com.amazonaws."


def split(facts: Mapping[str, Any], at_most: int = MOST_FUNCTIONS) -> list[Json]:
    """Return the facts in documents of at most so many functions; one without functions stays one.

    A document ends where a VPC ends, if it can: a VPC in two of them is judged twice.
    """
    if len(facts["functions"]) <= at_most:
        return [dict(facts)]
    index = _Index(facts)
    return [index.document(functions) for functions in _cut(facts["functions"], at_most)]


def _cut(functions: Iterable[Json], at_most: int) -> Iterator[list[Json]]:
    by_vpc = _grouped(sorted(functions, key=itemgetter("name")), lambda one: one.get("vpc_id", ""))
    begun: list[Json] = []
    for _, of_vpc in sorted(by_vpc.items()):
        if begun and len(begun) + len(of_vpc) > at_most:
            yield begun
            begun = []
        begun = begun + of_vpc
        while len(begun) > at_most:
            yield begun[:at_most]
            begun = begun[at_most:]
    yield begun


def about(facts: Mapping[str, Any], name: str) -> Json:
    """Return the facts that verdicts about one function can rest on; raises LookupError for a stranger."""
    functions = [function for function in facts["functions"] if function["name"] == name]
    if not functions:
        raise LookupError(name)
    return _Index(facts).document(functions)


class _Index:
    """All facts by what leads to them, made once for all batches."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self._by_vpc = {kind: _grouped(facts[kind], lambda one: one.get("vpc_id")) for kind in _BY_VPC}
        self._by_id = {
            kind: {one["id"]: one for one in facts[kind]} for kind in ("vpcs", *_BY_VPC, *_BY_ATTACHMENT)
        }
        self._roles = {name: role for role in facts["roles"] for name in role["names"]}
        self._coverage = _grouped(facts["coverage"], _coverage_key)

    def document(self, functions: Sequence[Json]) -> Json:
        """Return the facts that verdicts about these functions can rest on."""
        vpc_ids = self._vpc_ids(functions)
        named = self._named(functions, vpc_ids)
        roles = {function["role_name"] for function in functions if "role_name" in function}
        document = dict(self._facts) | {
            "functions": list(functions),
            "vpcs": [self._by_id["vpcs"][vpc_id] for vpc_id in vpc_ids if vpc_id in self._by_id["vpcs"]],
            **{kind: self._of_vpcs(kind, vpc_ids, named) for kind in _BY_VPC},
            **{kind: self._attached(kind, vpc_ids, named) for kind in _BY_ATTACHMENT},
            "roles": self._named_roles(roles),
        }
        document["prefix_lists"] = self._prefix_lists(document)
        subjects = [None, *vpc_ids, *(function["name"] for function in functions), *sorted(roles)]
        document["coverage"] = [
            entry for subject in dict.fromkeys(subjects) for entry in self._coverage.get(subject, ())
        ]
        return document

    def _named_roles(self, names: Iterable[str]) -> list[Json]:
        alike: dict[int, list[str]] = {}
        for name in sorted(names):
            if name in self._roles:
                alike.setdefault(id(self._roles[name]), []).append(name)
        return [self._roles[same[0]] | {"names": same} for same in alike.values()]

    def _vpc_ids(self, functions: Sequence[Json]) -> list[str]:
        subnets = self._by_id["subnets"]
        vpc_ids = {function["vpc_id"] for function in functions if "vpc_id" in function}
        seen = {subnet_id for function in functions for subnet_id in function["subnet_ids"]} & subnets.keys()
        return sorted(vpc_ids | {subnets[subnet_id]["vpc_id"] for subnet_id in seen})

    def _named(self, functions: Sequence[Json], vpc_ids: Iterable[str]) -> set[str]:
        named = {group_id for function in functions for group_id in function["security_group_ids"]}
        for vpc_id in vpc_ids:
            for endpoint in self._by_vpc["vpc_endpoints"].get(vpc_id, ()):
                named.update(endpoint["security_group_ids"])
            for table in self._by_vpc["route_tables"].get(vpc_id, ()):
                for route in table["routes"]:
                    named.update((route["target_id"], route.get("instance_id", "")))
        return named

    def _of_vpcs(self, kind: str, vpc_ids: Iterable[str], named: set[str]) -> list[Json]:
        found = {one["id"]: one for vpc_id in vpc_ids for one in self._by_vpc[kind].get(vpc_id, ())}
        by_id = self._by_id[kind]
        found.update((one, by_id[one]) for one in sorted(named & by_id.keys()))
        return list(found.values())

    def _attached(self, kind: str, vpc_ids: Iterable[str], named: set[str]) -> list[Json]:
        wanted = set(vpc_ids)
        return [
            gateway
            for gateway in self._facts[kind]
            if gateway["id"] in named or any(one["vpc_id"] in wanted for one in gateway["attachments"])
        ]

    def _prefix_lists(self, document: Mapping[str, Any]) -> list[Json]:
        named = {
            route["destination"]
            for table in document["route_tables"]
            for route in table["routes"]
            if route["family"] == "prefix_list"
        }
        for group in document["security_groups"]:
            for permission in (*group["ingress"], *group["egress"]):
                named.update(permission["prefix_list_ids"])
        return [
            one
            for one in self._facts["prefix_lists"]
            if one["id"] in named or one.get("name", "").startswith(_OF_AWS)
        ]


def _coverage_key(entry: Json) -> str | None:
    return None if entry["kind"] in _SHARED_COVERAGE else entry.get("subject")


def _grouped(items: Iterable[Json], key: Callable[[Json], Hashable]) -> dict[Any, list[Json]]:
    groups: dict[Any, list[Json]] = {}
    for one in items:
        groups.setdefault(key(one), []).append(one)
    return groups
