"""The explanation of one function, for people and for programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from vpcguard.cli.explanation import Explained, Version
from vpcguard.cli.picture import MARKS
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
        {"security_group_id": "sg-0a", "text": "sg-0a (app)", "existence": "seen", "waits_for": []},
        {"security_group_id": "sg-0b", "text": "sg-0b", "existence": "missing", "waits_for": []},
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
    "ways": [
        {
            "family": "ipv4",
            "state": "unknown",
            "text": "Not known whether there is a way to the internet, because of tgw-0a (transit gateway).",
            "subnets": [{"subnet_id": "subnet-0a", "text": "subnet-0a (eu-west-1a)"}],
            "hops": [
                {"id": "rtb-0a", "text": "rtb-0a", "about": "route table", "mark": "passed"},
                {"id": "tgw-0a", "text": "tgw-0a", "about": "transit gateway", "mark": "in_doubt"},
                {"id": "internet", "text": "the internet", "about": "", "mark": "in_doubt"},
            ],
            "faults": [],
            "waits_for": [TGW],
        }
    ],
    "calls": [
        {
            "service": "sqs",
            "basis": "inferred",
            "outcome": "private_dns_off",
            "mark": "broken",
            "text": "out of reach, as its name does not lead to the endpoint",
            "subnet_ids": ["subnet-0a"],
        }
    ],
    "filters": {
        "egress": "let TCP 443 out to 0.0.0.0/0",
        "network_acls": [
            {"network_acl_id": "acl-0a", "subnet_ids": ["subnet-0a"], "text": "acl-0a lets TCP 443 out"},
            {"network_acl_id": None, "subnet_ids": ["subnet-0b"], "text": "not known"},
        ],
    },
    "subnets": [
        {
            "subnet_id": "subnet-0a",
            "text": "subnet-0a (eu-west-1a)",
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
                    "text": "vpce-0a",
                    "type": "Interface",
                    "service": "sqs",
                    "state": "available",
                    "serves": "no",
                    "reason": "its private DNS is off",
                    "waits_for": [],
                },
                {
                    "endpoint_id": "vpce-0b",
                    "text": "vpce-0b",
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
            "text": "subnet-gone",
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
            "advice": "Take it out.",
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


VERSION = Version(
    version="$LATEST",
    weight=1,
    captured_at="2026-11-20T12:00:00.123456Z",
    snapshot_digest="sha256:s",
    explanation=Explanation(policy_revision="rev-1", config_digest="sha256:c", document=DOCUMENT),
    is_latest_network=True,
    remarks=(),
    unread=(),
)


@pytest.fixture
def explained() -> Explained:
    return Explained(account_id="111122223333", region="eu-west-1", qualifier=None, versions=(VERSION,))


def _version(version: Version = VERSION, **more: Any) -> Version:
    """Return a version about which the document says something else."""
    document = {**version.explanation.document, **more}
    return replace(version, explanation=replace(version.explanation, document=document))


def _text(explained: Explained, *, everything: bool = False) -> str:
    stream = io.StringIO()
    write_lines(explained.as_lines(MARKS, everything=everything), stream)
    return stream.getvalue()


def _with(explained: Explained, **more: Any) -> Explained:
    return replace(explained, versions=(_version(**more),))


def _rule(identity: str, verdict: str, severity: str = "high", **more: Any) -> Json:
    return {
        "id": identity,
        "title": f"{identity} is broken",
        "severity": severity,
        "stage": "audit",
        "verdict": verdict,
        "reason": f"{identity} says so.",
        "advice": f"Repair {identity}.",
        **more,
    }


def _doubt(identity: str, severity: str = "high", because: str = "tgw-0a") -> Json:
    title = f"Not known whether {identity} is broken"
    return _rule(identity, "unknown", severity, title=title, because=because, advice="Look at it.")


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_text_goes_from_the_verdict_by_the_way_and_the_situation_to_the_rules(explained: Explained) -> None:
    assert _text(explained).splitlines() == [
        "CRITICAL: it names subnet-gone, which is gone.",
        "Violations: 1 critical. Not known: nothing. Passed: 1 rule.",
        "",
        "Not known whether there is a way to the internet, because of tgw-0a (transit gateway).",
        "",
        "     subnet-0a (eu-west-1a)",
        "  ▼  rtb-0a  route table",
        "  ?  tgw-0a  transit gateway",
        "  ?  the internet",
        "",
        "Calls to AWS services",
        "",
        "  ✗  sqs (inferred)  out of reach, as its name does not lead to the endpoint",
        "",
        "function    orders-api, $LATEST, in 111122223333 eu-west-1",
        "read at     2026-11-20T12:00:00.123456Z",
        "vpc         vpc-0a",
        "subnets     subnet-gone (does not exist)",
        "groups      sg-0a (app), sg-0b (does not exist): let TCP 443 out to 0.0.0.0/0",
        "acls        subnet-0a (eu-west-1a): acl-0a lets TCP 443 out",
        "            : not known",
        "addresses   subnet-0a (eu-west-1a): 7 free in 10.0.0.0/24",
        "state       Inactive (Idle: not invoked)",
        "intent      egress internet (tag); services s3 (configuration); not understood: maybe",
        (
            "needs       s3 (declared), sqs (inferred, because of ec2:DescribeVpcEndpoints),"
            " support (no endpoint known, not judged)"
        ),
        "",
        "Violations",
        "  critical config.missing_subnet (stage warn): Function names a subnet that does not exist",
        "           Do: Take it out.",
        "",
        "Passes: 1 (1 az), 1 off; see --all",
        "Policies rev-1",
        "",
        "Everything asked of AWS was answered.",
    ]


def test_all_of_it_is_every_endpoint_and_every_rule_with_its_reason(explained: Explained) -> None:
    lines = _text(explained, everything=True).splitlines()

    assert lines[lines.index("Endpoints, from subnet-0a (eu-west-1a)") :][:4] == [
        "Endpoints, from subnet-0a (eu-west-1a)",
        "  vpce-0a, Interface for sqs: does not serve, its private DNS is off",
        "  vpce-0b: serves, rtb-0a leads to it",
        "  others are possible, because of ec2:DescribeVpcEndpoints",
    ]
    assert lines[lines.index("Everything else") :][1:3] == [
        "  passes   az.single_az: Its subnets lie in two or more Availability Zones.",
        ("  off      placement.vpc_required: It is shipped off, and the configuration does not turn it on."),
    ]


@pytest.mark.parametrize(
    ("rules", "first"),
    [
        ([_rule("a.low", "violation", "low"), _rule("b.high", "violation")], ["HIGH: b.high says so."]),
        (
            [_rule("a.one", "violation"), _rule("b.two", "violation")],
            ["HIGH: a.one says so.", "HIGH: b.two says so."],
        ),
        (
            [_rule("a.info", "violation", "info"), _doubt("b.way"), _doubt("c.zone")],
            [
                "NOT KNOWN, high: whether b.way is broken, whether c.zone is broken.",
                "INFO: a.info says so.",
            ],
        ),
        ([_rule("a.high", "violation"), _doubt("b.way")], ["HIGH: a.high says so."]),
        ([_doubt("b.way", "low"), _doubt("c.zone")], ["NOT KNOWN, high: whether c.zone is broken."]),
        ([_rule("a.one", "pass")], ["No fault found in the network of orders-api."]),
        ([_rule("a.one", "off")], ["Nothing to judge: orders-api is attached to a VPC."]),
    ],
)
def test_the_verdict_is_the_worst_that_is_said_and_no_doubt_passes(
    explained: Explained, rules: list[Json], first: list[str]
) -> None:
    lines = _text(_with(explained, rules=rules)).splitlines()

    assert lines[: len(first)] == first
    assert lines[len(first)].startswith("Violations: ")


def test_questions_that_wait_for_the_same_are_put_together(explained: Explained) -> None:
    rules = [_doubt("a.one", "low"), _doubt("b.two", because="acl-0a"), _doubt("c.three")]

    lines = _text(_with(explained, rules=rules)).splitlines()

    start = lines.index("Not known") + 1
    assert lines[start : start + 7] == [
        "  high     whether b.two is broken (b.two)",
        "           Because of: acl-0a.",
        "           To settle it: Look at it.",
        "  high     whether c.three is broken (c.three)",
        "  low      whether a.one is broken (a.one)",
        "           Because of: tgw-0a.",
        "           To settle it: Look at it.",
    ]


def test_a_message_is_said_once(explained: Explained) -> None:
    rules = [_rule("a.worst", "violation"), _rule("b.other", "violation", "low")]

    text = _text(_with(explained, rules=rules))

    assert (text.count("a.worst says so."), text.count("b.other says so.")) == (1, 1)


def test_advice_that_stands_below_the_way_is_not_repeated(explained: Explained) -> None:
    faults = [{"id": "nat-0a", "text": "x", "repair": "Repair"}, {"id": "i", "text": "y", "repair": "it."}]
    way = {**DOCUMENT["ways"][0], "faults": faults}
    rules = [_rule("a.one", "violation", advice="Repair it."), _rule("b.two", "violation")]

    text = _text(_with(explained, ways=[way], rules=rules))

    assert "     1. Repair\n     2. it.\n" in text
    assert "Do: What is listed above, in that order.\n" in text
    assert "Do: Repair b.two.\n" in text


def test_what_people_should_know_of_a_rule_that_passes_is_told(explained: Explained) -> None:
    rules = [_rule("a.one", "pass", note="This is an allow-list.")]

    assert "\nNote on a.one: This is an allow-list.\n" in _text(_with(explained, rules=rules))


def test_text_names_what_was_not_read(explained: Explained) -> None:
    """What passed may rest on everything but that."""
    unread = Unread(
        account_id="111122223333", region="eu-west-1", operation="ec2:DescribeVpcs", code="Denied"
    )
    incomplete = replace(explained, versions=(replace(VERSION, unread=(unread,)),))

    text = _text(incomplete)

    assert "Not read: ec2:DescribeVpcs in 111122223333 eu-west-1: Denied" in text
    assert "Everything asked" not in text
    assert (explained.is_complete, incomplete.is_complete) == (True, False)


def test_a_function_outside_a_vpc_has_neither_groups_nor_needs(explained: Explained) -> None:
    text = _text(
        _with(explained, vpc_id=None, security_groups=[], ways=[], calls=[], subnets=[], states={}, rules=[])
    )

    assert "needs" not in text
    assert "groups" not in text
    assert "endpoints" not in text


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"services": [], "without_endpoints": [], "others_wait_for": []}, "none declared or inferred"),
        (
            {"services": [], "without_endpoints": [], "others_wait_for": [UNREAD, UNREAD]},
            "none for certain; others are possible, because of ec2:DescribeVpcEndpoints",
        ),
    ],
)
def test_needs_that_nobody_could_tell_are_not_none(explained: Explained, needs: Json, said: str) -> None:
    text = _text(_with(explained, needs=needs, calls=[]))

    assert f"needs       {said}\n" in text
    assert "endpoints   served by vpce-0b\n" in text


@pytest.mark.parametrize(
    ("served", "first"),
    [
        ("7", "orders-api:live serves version 7, with the subnets and security groups of $LATEST."),
        ("$LATEST", "orders-api:live serves $LATEST."),
    ],
)
def test_what_an_alias_serves_stands_first(explained: Explained, served: str, first: str) -> None:
    version = replace(VERSION, version=served, remarks=("One remark.", "Another."))

    lines = _text(replace(explained, qualifier="live", versions=(version,))).splitlines()

    assert lines[:3] == [first, "", "CRITICAL: it names subnet-gone, which is gone."]
    assert lines[lines.index("version     One remark.") + 1] == "            Another."


def test_a_version_says_which_it_is(explained: Explained) -> None:
    version = replace(VERSION, version="7", is_latest_network=False)

    text = _text(replace(explained, qualifier="7", versions=(version,)))

    assert text.startswith("This is orders-api:7, with other subnets and security groups than $LATEST.\n\n")


def test_versions_of_which_the_same_is_said_are_told_once(explained: Explained) -> None:
    one, other = replace(VERSION, version="7", weight=0.875), replace(VERSION, version="8", weight=0.125)

    text = _text(replace(explained, qualifier="live", versions=(one, other)))

    assert text.startswith(
        "orders-api:live serves version 7 (87.5 % of the calls) and version 8 (12.5 % of the calls).\n"
    )
    assert text.endswith(
        "version 8, with the subnets and security groups of $LATEST:\n\n"
        "All that is said of version 7 holds for it too.\n"
    )
    assert text.count("which is gone") == 1


def test_a_long_id_is_wrapped_and_never_cut(explained: Explained, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that ends in dots cannot be pasted into a console."""
    monkeypatch.setenv("COLUMNS", "80")
    hop = {"id": LONG_ID, "text": LONG_ID, "about": "route table", "mark": "passed"}
    way = {**DOCUMENT["ways"][0], "hops": [hop] * 5}

    lines = _text(_with(explained, ways=[way])).splitlines()

    assert max(map(len, lines)) <= 80
    assert sum(line.count(LONG_ID) for line in lines) == 5


def test_escapes_and_line_breaks_are_shown_not_obeyed(explained: Explained) -> None:
    """Reasons of states, tags and resource ids are somebody else's text."""
    hostile = {"state": "Failed", "state_reason": "\x1b[2J\u202eevil\nSUBNETS all fine"}

    text = _text(_with(explained, states=hostile))

    assert "\x1b" not in text
    assert "state       Failed (\\x1b[2J\\u202eevil SUBNETS all fine)" in text


def test_json_is_the_document_with_where_it_comes_from(explained: Explained) -> None:
    strange = _version(text="注文 \ud800 \x1b[2J")
    other = replace(VERSION, version="8", weight=0.125)
    stream = io.StringIO()

    write_json(replace(explained, qualifier="live", versions=(strange, other)).as_document(), stream)

    assert stream.getvalue().isascii()
    about = {
        "captured_at": "2026-11-20T12:00:00.123456Z",
        "snapshot_digest": "sha256:s",
        "policy_revision": "rev-1",
        "config_digest": "sha256:c",
        **DOCUMENT,
        "unread": [],
    }
    assert json.loads(stream.getvalue()) == {
        "account_id": "111122223333",
        "region": "eu-west-1",
        "qualifier": "live",
        **about,
        "text": "注文 \ud800 \x1b[2J",
        "version": "$LATEST",
        "weight": 1,
        "other_versions": [{**about, "version": "8", "weight": 0.125}],
    }
