"""Write what `vpcguard explain` shows of estates of the builder to tests/contract/explanations, anew.

.venv/bin/python -m tests.contract.explanation_texts
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.contract.builder import (
    ACL,
    ENI_ACTIONS,
    GROUP,
    IGW,
    NAT,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    VPC,
    A,
    B,
    Estate,
    role,
    shared,
    working,
)
from vpcguard.cli.explain import explain, of_file
from vpcguard.cli.explanation import Explained
from vpcguard.cli.picture import MARKS, Marks
from vpcguard.cli.reading import Selection
from vpcguard.cli.render import write_lines
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import parse_snapshot

TEXTS_FOLDER = Path(__file__).resolve().parent / "explanations"
_REVISION = re.compile(r"sha256:[0-9a-f]{64}")


def named(resource: dict[str, Any], name: str) -> None:
    """Give a resource its Name tag."""
    resource["Tags"] = [{"Key": "Name", "Value": name}]


def _named_estate() -> Estate:
    estate = working()
    named(estate.of("DescribeNatGateways", NAT), "egress-a")
    named(estate.of("DescribeSubnets", A), "app-a")
    named(estate.of("DescribeSubnets", B), "app-b")
    named(estate.of("DescribeRouteTables", PRIVATE_TABLE), "private")
    named(estate.of("DescribeSecurityGroups", GROUP), "app")
    return estate


def _broken_nat() -> Estate:
    estate = _named_estate()
    estate.of("DescribeNatGateways", NAT).update(
        State="failed",
        FailureCode="InsufficientFreeAddressesInSubnet",
        FailureMessage="Subnet has insufficient free addresses to create this NAT gateway",
    )
    estate.of("DescribeInternetGateways", IGW)["Attachments"] = []
    return estate


def _isolated() -> Estate:
    estate = _named_estate()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group="sg-endpoint", PrivateDnsEnabled=False)
    estate.group("sg-endpoint")
    estate.tags["orders"] = {"vpcguard:egress": "aws", "vpcguard:services": "s3, sqs"}
    return estate


def _transit_gateway() -> Estate:
    estate = _named_estate()
    estate.attachment("tgw-0a", A, B)
    estate.route(PRIVATE_TABLE, "tgw-0a")
    return estate


def _outside() -> Estate:
    estate = working()
    estate.function("orders")
    return estate


def _two_ways() -> Estate:
    estate = _named_estate()
    estate.table(PRIVATE_TABLE, A)
    estate.route(PRIVATE_TABLE, NAT)
    estate.table("rtb-b", B)
    estate.route("rtb-b", IGW)
    return estate


def _dual_stack() -> Estate:
    estate = _named_estate()
    for subnet_id in (A, B):
        estate.of("DescribeSubnets", subnet_id)["Ipv6CidrBlockAssociationSet"] = [
            {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}
        ]
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    estate.egress_only_gateway("eigw-0a")
    estate.route(PRIVATE_TABLE, "eigw-0a", "::/0")
    return estate


def _alias(*versions: str) -> Estate:
    """The alias live serves the first of these versions, and the others with 10 % of the calls each."""
    estate = _named_estate()
    main, *others = versions
    weights = {"RoutingConfig": {"AdditionalVersionWeights": dict.fromkeys(others, 0.1)}} if others else {}
    alias = {"Name": "live", "FunctionVersion": main, **weights}
    estate.entries["lambda:ListAliases"] = {"orders": {"Aliases": [alias]}}
    old = {"VpcId": VPC, "SubnetIds": [PUBLIC], "SecurityGroupIds": [GROUP]}
    new = {"VpcId": VPC, "SubnetIds": [A, B], "SecurityGroupIds": [GROUP]}
    listed = [
        {"Version": "$LATEST", "VpcConfig": new},
        {"Version": "7", "VpcConfig": old},
        {"Version": "8", "VpcConfig": new},
    ]
    estate.entries["lambda:ListVersionsByFunction"] = {"orders": {"Versions": listed}}
    return estate


def _hostile() -> Estate:
    estate = _broken_nat()
    evil = "[red]\x1b[2J\u202e" + "注文" * 12 + "\nVERDICT: all fine " + "x" * 120
    named(estate.of("DescribeNatGateways", NAT), evil)
    named(estate.of("DescribeSubnets", A), evil)
    named(estate.of("DescribeRouteTables", PUBLIC_TABLE), "p" * 90)
    estate.of("DescribeNatGateways", NAT)["FailureMessage"] = evil
    estate.state("orders", State="Inactive", StateReason=evil, StateReasonCode="Idle")
    return estate


def _needs_of_a_role() -> Estate:
    estate = _named_estate()
    estate.roles["orders"] = role("orders", [*ENI_ACTIONS, "sqs:SendMessage", "support:*"])
    estate.deny("ec2:DescribeVpcEndpoints")
    return estate


def _stopped() -> Estate:
    """A group lets nothing out, and an ACL keeps the answers to one of the subnets out."""
    estate = _broken_nat()
    estate.group(GROUP, egress=[])
    estate.acl("acl-b", B)["Entries"][2]["RuleAction"] = "deny"
    estate.of("DescribeNetworkAcls", ACL)["Associations"] = [
        one for one in estate.of("DescribeNetworkAcls", ACL)["Associations"] if one["SubnetId"] != B
    ]
    return estate


# name -> the estate, and what is asked for
ESTATES: dict[str, tuple[Callable[[], Estate], str]] = {
    "broken_nat": (_broken_nat, "orders"),
    "working": (_named_estate, "orders"),
    "isolated_with_endpoints": (_isolated, "orders"),
    "transit_gateway": (_transit_gateway, "orders"),
    "shared_vpc": (lambda: shared(owner_was_read=False), "orders"),
    "outside_a_vpc": (_outside, "orders"),
    "two_ways": (_two_ways, "orders"),
    "dual_stack": (_dual_stack, "orders"),
    "inferred_needs": (_needs_of_a_role, "orders"),
    "alias_of_another_network": (lambda: _alias("7"), "orders:live"),
    "version_of_the_same_network": (lambda: _alias("7"), "orders:8"),
    "weighted_alias": (lambda: _alias("8", "7"), "orders:live"),
    "stopped_by_filters": (_stopped, "orders"),
    "hostile_names": (_hostile, "orders"),
}


def explained(name: str, policy: Policy) -> Explained:
    """Return the explanation of an estate."""
    estate, spelling = ESTATES[name]
    selection = Selection(functions=[spelling])
    standings = list(of_file(parse_snapshot(estate().snapshot()), selection))
    return explain(standings, selection, load_configuration(), policy)


def text_of(name: str, policy: Policy, *, marks: Marks = MARKS, everything: bool = False) -> str:
    """Return the text about an estate as wide as COLUMNS says, without the revision of the policies."""
    stream = io.StringIO()
    write_lines(explained(name, policy).as_lines(marks, everything=everything), stream)
    return _REVISION.sub("sha256:...", stream.getvalue())


def texts(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield the name of each file and its text."""
    for name in ESTATES:
        yield f"{name}.txt", text_of(name, policy)
    yield "broken_nat_all.txt", text_of("broken_nat", policy, everything=True)


def main() -> None:
    """Write all texts anew; what is none any more goes."""
    os.environ["COLUMNS"] = "100"
    shutil.rmtree(TEXTS_FOLDER, ignore_errors=True)
    TEXTS_FOLDER.mkdir()
    with running_opa() as url, Policy(url) as policy:
        for file, text in texts(policy):
            (TEXTS_FOLDER / file).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
