"""What a snapshot document shows, and how completely: read again here, apart from vpcguard.facts.

A resource is found, absent (an answer that would show it is complete) or HIDDEN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

Json = dict[str, Any]
Network = IPv4Network | IPv6Network


class Hidden:
    """The one value that says: it may exist, nobody who was asked can tell."""


HIDDEN: Final = Hidden()

_LISTS = {
    "Subnets": "SubnetId",
    "RouteTables": "RouteTableId",
    "NatGateways": "NatGatewayId",
    "InternetGateways": "InternetGatewayId",
    "EgressOnlyInternetGateways": "EgressOnlyInternetGatewayId",
    "VpcEndpoints": "VpcEndpointId",
    "NetworkInterfaces": "NetworkInterfaceId",
    "SecurityGroups": "GroupId",
    "TransitGatewayVpcAttachments": "TransitGatewayAttachmentId",
}
_SEEN_BY_EACH_FOR_ITSELF = {"NetworkInterfaces", "Instances"}


class World:
    """One snapshot, with the union of what its accounts answered."""

    def __init__(self, document: Json, trusted: Iterable[str] = ()) -> None:
        self.own: str = document["account_id"]
        self.trusted = frozenset(trusted)
        self._accounts: dict[str, Json] = {self.own: document, **document.get("owners", {})}
        self._found: dict[str, dict[str, Json]] = {
            kind: {one[key]: one for answers in self._answers(kind) for one in answers[kind]}
            for kind, key in _LISTS.items()
        }
        self._found["Instances"] = {
            instance["InstanceId"]: instance
            for answers in self._answers("Instances")
            for reservation in answers["Reservations"]
            for instance in reservation["Instances"]
        }
        self._owners: dict[str, str] = {
            one["VpcId"]: one["OwnerId"] for one in self._found["Subnets"].values()
        }

    def find(self, kind: str, identity: str | None, vpc_id: str) -> Json | Hidden | None:
        """Return a resource of a VPC, None where it does not exist, HIDDEN where that is open."""
        found = self._found[kind].get(identity or "")
        return found or (None if self.is_complete(kind, vpc_id) else HIDDEN)

    def every(self, kind: str) -> list[Json]:
        """Return what any account showed of a kind."""
        return list(self._found[kind].values())

    def zone(self, subnet_id: str) -> str | Hidden:
        """Return the zone id of a subnet."""
        subnet = self._found["Subnets"].get(subnet_id)
        return HIDDEN if subnet is None else str(subnet["AvailabilityZoneId"])

    def is_ours(self, vpc_id: str) -> bool:
        """Return True for a VPC of the snapshot's own account."""
        return self._owners.get(vpc_id, self.own) == self.own

    def is_complete(self, kind: str, vpc_id: str) -> bool:
        """Return True if what was not found in this VPC does not exist: the owner saw all of it."""
        asked = {self._owners.get(vpc_id, self.own)}
        if kind in _SEEN_BY_EACH_FOR_ITSELF:
            asked.add(self.own)
        return all(self._has_read(account, kind) for account in asked)

    def is_shared_with_us(self, subnet_id: str) -> bool:
        """Return True if our own account, complete in tables, sees this subnet and so its table."""
        answers = self._accounts[self.own]["answers"].get("ec2:DescribeSubnets", {"Subnets": []})
        is_seen = any(one["SubnetId"] == subnet_id for one in answers["Subnets"])
        return is_seen and self._has_read(self.own, "RouteTables")

    def interfaces_of_lambda(self, subnet_id: str, groups: frozenset[str]) -> list[Json] | Hidden:
        """Return Lambda's interfaces for our functions with these groups in a subnet: ours, whoever owns it.

        HIDDEN where none is seen and one may exist.
        """
        found = self._interfaces_of_lambda(subnet_id, groups)
        return found if found or self._has_read(self.own, "NetworkInterfaces") else HIDDEN

    def has_public_address(self, subnet_id: str, groups: frozenset[str]) -> bool | Hidden:
        """Return True if one of Lambda's interfaces for these groups in a subnet has a public address."""
        if any("Association" in one for one in self._interfaces_of_lambda(subnet_id, groups)):
            return True
        return False if self._has_read(self.own, "NetworkInterfaces") else HIDDEN

    def _interfaces_of_lambda(self, subnet_id: str, groups: frozenset[str]) -> list[Json]:
        return [
            one
            for one in self._found["NetworkInterfaces"].values()
            if one["InterfaceType"] == "lambda"
            and one["SubnetId"] == subnet_id
            and {group["GroupId"] for group in one["Groups"]} == groups
        ]

    def networks_of_list(self, list_id: str) -> list[Network] | None:
        """Return what a managed prefix list holds, None where no account's answer shows it."""
        for account in self._accounts.values():
            entries = account["answers"].get("ec2:GetManagedPrefixListEntries", {}).get(list_id)
            if entries is not None:
                return [ip_network(entry["Cidr"]) for entry in entries["Entries"]]
        return None

    def is_list_of_aws(self, list_id: str) -> bool:
        """Return True for a prefix list that AWS keeps for a service of its own."""
        return any(
            (one["PrefixListId"], one["OwnerId"]) == (list_id, "AWS")
            for answers in self._answers("ManagedPrefixLists")
            for one in answers["PrefixLists"]
        )

    def block_option(self, vpc_id: str) -> str | None:
        """Return the Block Public Access mode of the account that owns a VPC, None where it was not read."""
        answers = self._accounts.get(self._owners.get(vpc_id, self.own), {"answers": {}})["answers"]
        answer = answers.get("ec2:DescribeVpcBlockPublicAccessOptions")
        return answer and str(answer["VpcBlockPublicAccessOptions"]["InternetGatewayBlockMode"]).lower()

    def _has_read(self, account_id: str, kind: str) -> bool:
        account, operation = self._accounts.get(account_id), f"ec2:Describe{kind}"
        return (
            account is not None and operation in account["answers"] and operation not in account["failures"]
        )

    def _answers(self, kind: str) -> list[Json]:
        operation = f"ec2:Describe{kind}"
        return [one["answers"][operation] for one in self._accounts.values() if operation in one["answers"]]


def trusted_targets(configuration: Json, moment: str) -> Iterator[str]:
    """Give what a configuration declares to work at a moment: ids, and the VPC of a proxy."""
    for entry in configuration.get("trusted_egress", []):
        # a peering connection carries nothing to the internet, whatever is said of it
        if "peering" not in entry and moment[:10] <= entry.get("until", moment):
            yield from (value for key, value in entry.items() if key != "until")
