"""The explanation of one function, for people and for programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from vpcguard.cli.explanation import Explained
from vpcguard.cli.render import write_json, write_lines
from vpcguard.cli.report import Unread
from vpcguard.model import Explanation

Json = dict[str, Any]
TGW: Json = {"name": "tgw-0a", "reason": "transit gateway", "status": "opaque"}
UNREAD: Json = {"name": "ec2:DescribeVpcEndpoints", "reason": "", "status": "unknown"}
LONG_ID = "subnet-" + "0123456789abcdef" * 3

DOCUMENT: Json = {
    "function": "orders-api",
    "situation": "attached",
    "text": "orders-api is attached to a VPC.",
    "vpc_id": "vpc-0a",
    "states": {"state": "Inactive", "state_reason_code": "Idle", "state_reason": "not invoked"},
    "security_groups": [
        {"security_group_id": "sg-0a", "existence": "seen", "waits_for": []},
        {"security_group_id": "sg-0b", "existence": "missing", "waits_for": []},
    ],
    "intent": {
        "egress": {"value": "internet", "source": "tag"},
        "private_targets": {"value": "undeclared", "source": "undeclared"},
        "services": {"values": ["s3"], "source": "configuration"},
        "unrecognized": ["maybe"],
        "waits_for": [],
    },
    "needs": {
        "services": [
            {"service": "s3", "basis": "declared", "waits_for": []},
            {"service": "sqs", "basis": "inferred", "waits_for": [UNREAD]},
        ],
        "without_endpoints": ["support"],
        "others_wait_for": [],
    },
    "subnets": [
        {
            "subnet_id": "subnet-0a",
            "existence": "seen",
            "zone_id": "euw1-az1",
            "zone_name": "eu-west-1a",
            "route_table_id": "rtb-0a",
            "path": {
                "state": "unknown",
                "cause": None,
                "root_cause": None,
                "hops": [
                    {"id": "rtb-0a", "kind": "route_table", "state": "active"},
                    {"id": "tgw-0a", "kind": "transit_gateway", "state": "opaque"},
                ],
                "waits_for": [TGW],
                "text": "cannot be told: it waits for tgw-0a (transit gateway)",
            },
            "addresses": {
                "free": 7,
                "interface": "present",
                "waits_for": [],
                "text": "7 free in 10.0.0.0/24",
            },
            "endpoints": [
                {
                    "endpoint_id": "vpce-0a",
                    "type": "Interface",
                    "service": "sqs",
                    "state": "available",
                    "serves": "no",
                    "reason": "its private DNS is off",
                    "waits_for": [],
                },
                {
                    "endpoint_id": "vpce-0b",
                    "type": None,
                    "service": None,
                    "state": None,
                    "serves": "yes",
                    "reason": "rtb-0a leads to it",
                    "waits_for": [],
                },
            ],
            "endpoints_wait_for": [UNREAD],
            "services": [
                {
                    "service": "sqs",
                    "outcome": "private_dns_off",
                    "text": "out of reach, as its name does not lead to the endpoint",
                    "waits_for": [],
                }
            ],
        },
        {
            "subnet_id": "subnet-gone",
            "existence": "missing",
            "zone_id": None,
            "zone_name": None,
            "route_table_id": None,
            "path": None,
            "addresses": None,
            "endpoints": [],
            "endpoints_wait_for": [],
            "services": [],
        },
    ],
    "rules": [
        {
            "id": "az.single_az",
            "title": "Function runs in a single Availability Zone",
            "severity": "medium",
            "stage": "audit",
            "verdict": "pass",
            "reason": "Its subnets lie in two or more Availability Zones.",
        },
        {
            "id": "config.missing_subnet",
            "title": "Function names a subnet that does not exist",
            "severity": "critical",
            "stage": "warn",
            "verdict": "violation",
            "reason": "it names subnet-gone, which is gone.",
            "evidence": {},
            "eligible_for_remediation": True,
        },
        {
            "id": "placement.vpc_required",
            "title": "Function runs outside a VPC",
            "severity": "medium",
            "stage": "audit",
            "verdict": "off",
            "reason": "It is shipped off, and the configuration does not turn it on.",
        },
    ],
}


@pytest.fixture
def explained() -> Explained:
    return Explained(
        account_id="111122223333",
        region="eu-west-1",
        captured_at="2026-11-20T12:00:00.123456Z",
        snapshot_digest="sha256:s",
        explanation=Explanation(policy_revision="rev-1", config_digest="sha256:c", document=DOCUMENT),
        unread=(),
    )


def _with(explained: Explained, **more: Any) -> Explained:
    document = {**explained.function, **more}
    return replace(explained, explanation=replace(explained.explanation, document=document))


def _text(explained: Explained) -> str:
    stream = io.StringIO()
    write_lines(explained.as_lines(), stream)
    return stream.getvalue()


def test_text_tells_everything_from_the_situation_to_the_rules(
    explained: Explained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Violations first; then what passes and why, and what is off and why."""
    monkeypatch.setenv("COLUMNS", "120")

    assert _text(explained).splitlines() == [
        "orders-api in 111122223333 eu-west-1, as read at 2026-11-20T12:00:00.123456Z",
        "policies rev-1",
        "",
        "orders-api is attached to a VPC.",
        "vpc         vpc-0a",
        "groups      sg-0a, sg-0b (does not exist)",
        "state       Inactive (Idle: not invoked)",
        (
            "intent      egress internet (tag); private targets undeclared; services s3 (configuration);"
            " not understood: maybe"
        ),
        (
            "needs       s3 (declared), sqs (inferred; waits for ec2:DescribeVpcEndpoints),"
            " support (no endpoint known, not judged)"
        ),
        "",
        "subnet subnet-0a eu-west-1a euw1-az1",
        "  way out     unknown: cannot be told: it waits for tgw-0a (transit gateway)",
        "  hops        rtb-0a (route table, active) > tgw-0a (transit gateway, opaque)",
        "  endpoint    vpce-0a (Interface, sqs) does not serve: its private DNS is off",
        "  endpoint    vpce-0b serves: rtb-0a leads to it",
        "  endpoint    others are possible; waits for ec2:DescribeVpcEndpoints",
        "  service     sqs: out of reach, as its name does not lead to the endpoint",
        "  addresses   7 free in 10.0.0.0/24",
        "",
        "subnet subnet-gone (does not exist)",
        "",
        "3 rules: violation 1, passes 1, off 1",
        "  violation   config.missing_subnet (critical, stage warn): it names subnet-gone, which is gone.",
        "  passes      az.single_az: Its subnets lie in two or more Availability Zones.",
        "  off         placement.vpc_required: It is shipped off, and the configuration does not turn it on.",
        "",
        "Everything asked of AWS was answered.",
    ]


def test_text_names_what_was_not_read(explained: Explained) -> None:
    """What passed may rest on everything but that."""
    unread = Unread(
        account_id="111122223333", region="eu-west-1", operation="ec2:DescribeVpcs", code="Denied"
    )

    text = _text(replace(explained, unread=(unread,)))

    assert "Not read: ec2:DescribeVpcs in 111122223333 eu-west-1: Denied" in text
    assert "Everything asked" not in text


def test_a_function_outside_a_vpc_has_neither_groups_nor_needs(explained: Explained) -> None:
    text = _text(_with(explained, vpc_id=None, security_groups=[], subnets=[], states={}))

    assert [line.split()[0] for line in text.splitlines()[4:5]] == ["intent"]
    assert "needs" not in text


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"services": [], "without_endpoints": [], "others_wait_for": []}, "no AWS service"),
        (
            {"services": [], "without_endpoints": [], "others_wait_for": [UNREAD, UNREAD]},
            "no AWS service for certain; others are possible; waits for ec2:DescribeVpcEndpoints",
        ),
    ],
)
def test_needs_that_nobody_could_tell_are_not_none(
    explained: Explained, monkeypatch: pytest.MonkeyPatch, needs: Json, said: str
) -> None:
    monkeypatch.setenv("COLUMNS", "120")

    assert f"needs       {said}\n" in _text(_with(explained, needs=needs))


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(
    explained: Explained, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """An id that ends in dots cannot be pasted into a console."""
    monkeypatch.setenv("COLUMNS", str(width))
    subnet = DOCUMENT["subnets"][0]
    hops = [{"id": LONG_ID, "kind": "route_table", "state": "active"}] * 5
    long = {**subnet, "subnet_id": LONG_ID, "path": {**subnet["path"], "hops": hops}}

    lines = _text(_with(explained, subnets=[long])).splitlines()

    assert max(map(len, lines)) <= width
    assert sum(line.count(LONG_ID) for line in lines) == 6


def test_escapes_and_line_breaks_are_shown_not_obeyed(explained: Explained) -> None:
    """Reasons of states, tags and resource ids are somebody else's text."""
    hostile = {"state": "Failed", "state_reason": "\x1b[2J\u202eevil\nSUBNETS all fine"}

    text = _text(_with(explained, states=hostile))

    assert "\x1b" not in text
    assert "state       Failed (\\x1b[2J\\u202eevil SUBNETS all fine)" in text


def test_json_is_the_document_with_where_it_comes_from(explained: Explained) -> None:
    strange = _with(explained, text="注文 \ud800 \x1b[2J")
    stream = io.StringIO()

    write_json(strange.as_document(), stream)

    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue()) == {
        "account_id": "111122223333",
        "region": "eu-west-1",
        "captured_at": "2026-11-20T12:00:00.123456Z",
        "snapshot_digest": "sha256:s",
        "policy_revision": "rev-1",
        "config_digest": "sha256:c",
        **DOCUMENT,
        "text": "注文 \ud800 \x1b[2J",
        "unread": [],
    }
