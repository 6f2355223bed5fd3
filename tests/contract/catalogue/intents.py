"""Intent: what a function is meant to reach, who says so, and what follows."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import GROUP, NAT, PRIVATE_TABLE, PUBLIC, PUBLIC_TABLE, A, Estate, working
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, subnets, unknown, violation

TAGS = ("lambda:ListTags", "tag:GetResources")
BROKEN = violation("medium", root_cause=PUBLIC_TABLE)
CRITICAL = violation("critical", root_cause=PUBLIC_TABLE)


def _public(**tags: str) -> Estate:
    estate = working()
    estate.function(
        "orders", PUBLIC, tags={f"vpcguard:{key.replace('_', '-')}": value for key, value in tags.items()}
    )
    return estate


def _isolated() -> Estate:
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    return estate


def _declared(intent: dict[str, Any], **match: str) -> dict[str, Any]:
    return {"version": 1, "overrides": [{"match": match, "intent": intent}]}


@case
def internet_by_tag() -> Case:
    """Declared makes it critical; a tag never makes a function eligible for remediation."""
    found = CRITICAL | {"eligible_for_remediation": False}
    return orders(_public(egress="internet", private_targets="no"), nat__no_internet_egress=found)


@case
def internet_by_tag_with_blanks_and_capitals() -> Case:
    """Values are trimmed and compared without regard to case."""
    return orders(_public(egress="  Internet "), nat__no_internet_egress=CRITICAL)


@case
def internet_by_configuration() -> Case:
    """The configuration alone, saying both, makes a function eligible."""
    configuration = _declared({"egress": "internet", "private_targets": False}, function="ord*")
    found = CRITICAL | {"eligible_for_remediation": True}
    return orders(_public(), configuration, nat__no_internet_egress=found)


@case
def internet_by_configuration_without_private_targets() -> Case:
    """Half of the declaration is not enough to detach anything."""
    configuration = _declared({"egress": "internet"}, function="orders")
    found = CRITICAL | {"eligible_for_remediation": False}
    return orders(_public(), configuration, nat__no_internet_egress=found)


@case
def private_targets_by_tag_do_not_complete_the_configuration() -> Case:
    """Both must stand in the configuration."""
    configuration = _declared({"egress": "internet"}, function="orders")
    found = CRITICAL | {"eligible_for_remediation": False}
    return orders(_public(private_targets="no"), configuration, nat__no_internet_egress=found)


@case
def configuration_of_the_function_before_the_tag() -> Case:
    """Configuration for the function's name goes before its tag."""
    configuration = _declared({"egress": "aws"}, function="orders")
    return orders(_public(egress="internet"), configuration, nat__no_internet_egress=NOT_APPLICABLE)


@case
def tag_before_the_configuration_of_the_account() -> Case:
    """The tag goes before what is configured for the account."""
    configuration = _declared({"egress": "aws"}, account_id="111122223333")
    return orders(_public(egress="internet"), configuration, nat__no_internet_egress=CRITICAL)


@case
def configuration_of_the_account_before_nothing() -> Case:
    """Without a tag the account's configuration counts."""
    configuration = _declared({"egress": "aws"}, account_id="111122223333")
    return orders(_public(), configuration, nat__no_internet_egress=NOT_APPLICABLE)


@case
def configuration_of_another_account() -> Case:
    """Every given key must match."""
    configuration = _declared({"egress": "aws"}, account_id="999999999999")
    return orders(_public(), configuration, nat__no_internet_egress=BROKEN)


@case
def unit_override_without_an_account_in_the_snapshot() -> Case:
    """A snapshot without its account has no unit that could match."""
    configuration = _declared({"egress": "aws"}, organization_unit="*")
    return orders(_public(), configuration, nat__no_internet_egress=BROKEN)


@case
def unit_override() -> Case:
    """Units match by glob."""
    estate = _public()
    estate.about = {"name": "x", "organization_unit": "root/prod/payments", "tags": {}}
    configuration = _declared({"egress": "aws"}, organization_unit="root/prod/*")
    return orders(estate, configuration, nat__no_internet_egress=NOT_APPLICABLE)


@case
def later_override_wins() -> Case:
    """Of two that match, the later one counts."""
    configuration = {
        "version": 1,
        "overrides": [
            {"match": {"function": "orders"}, "intent": {"egress": "aws"}},
            {"match": {"function": "*"}, "intent": {"egress": "internet"}},
        ],
    }
    return orders(_public(), configuration, nat__no_internet_egress=CRITICAL)


@case
def intent_aws() -> Case:
    """A function for AWS services only needs no internet."""
    estate = _public(egress="aws")
    return orders(estate, nat__no_internet_egress=NOT_APPLICABLE, nat__mixed_egress=NOT_APPLICABLE)


@case
def intent_none() -> Case:
    """Nor does one that reaches nothing outside."""
    return orders(_public(egress="none"), nat__no_internet_egress=NOT_APPLICABLE)


@case
def intent_unheard_of() -> Case:
    """A value that nobody defined counts as undeclared."""
    return orders(_public(egress="everything"), nat__no_internet_egress=BROKEN)


@case
def tags_unread_and_broken() -> Case:
    """Broken if the internet is meant, fine if not: nobody knows which."""
    estate = _public()
    estate.deny(*TAGS)
    return orders(estate, nat__no_internet_egress=unknown(*TAGS, is_failed_read=True))


@case
def tags_unread_and_working() -> Case:
    """A path that works is fine by every intent."""
    estate = working()
    estate.deny(*TAGS)
    return orders(estate, nat__no_internet_egress=PASS)


@case
def tags_unread_and_declared_by_configuration() -> Case:
    """What goes before the tags does not wait for them."""
    estate = _public()
    estate.deny(*TAGS)
    configuration = _declared({"egress": "internet"}, function="orders")
    return orders(estate, configuration, nat__no_internet_egress=CRITICAL)


@case
def isolated_beside_a_usable_endpoint() -> Case:
    """No default route and an endpoint that serves the subnets: isolated by design."""
    estate = _isolated()
    estate.group("sg-endpoint")["IpPermissions"] = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": GROUP}]}
    ]
    estate.interface_endpoint("vpce-sqs", "sqs", A, group="sg-endpoint")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def isolated_beside_a_gateway_endpoint() -> Case:
    """A gateway endpoint serves the subnets whose table leads to it."""
    estate = _isolated()
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def isolated_beside_an_endpoint_of_another_table() -> Case:
    """In the VPC but not in the subnet's table is useless."""
    estate = _isolated()
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.gateway_endpoint("vpce-s3", "s3", PUBLIC_TABLE, prefix_list="pl-s3")
    return orders(estate, nat__no_internet_egress=violation("info", root_cause=PRIVATE_TABLE))


@case
def isolated_beside_a_closed_endpoint() -> Case:
    """An endpoint whose group does not admit the function serves nobody."""
    estate = _isolated()
    estate.group("sg-endpoint")
    estate.interface_endpoint("vpce-sqs", "sqs", A, group="sg-endpoint")
    return orders(estate, nat__no_internet_egress=violation("info", root_cause=PRIVATE_TABLE))


@case
def isolated_beside_an_endpoint_without_private_dns() -> Case:
    """Nor one whose name is not caught."""
    estate = _isolated()
    estate.group("sg-endpoint")["IpPermissions"] = [
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ]
    estate.interface_endpoint("vpce-sqs", "sqs", A, group="sg-endpoint", PrivateDnsEnabled=False)
    return orders(estate, nat__no_internet_egress=violation("info", root_cause=PRIVATE_TABLE))


@case
def isolated_with_endpoints_unread() -> Case:
    """By design or by mistake: nobody knows."""
    estate = _isolated()
    estate.deny("ec2:DescribeVpcEndpoints")
    waiting = unknown("ec2:DescribeVpcEndpoints", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def isolated_and_declared() -> Case:
    """Declared to need the internet, isolation is no design."""
    estate = _isolated()
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    estate.tags["orders"] = {"vpcguard:egress": "internet"}
    found = violation("critical", root_cause=PRIVATE_TABLE)
    return orders(estate, nat__no_internet_egress=found)


@case
def isolated_subnet_beside_a_broken_one() -> Case:
    """One isolated by design and one broken: the broken one is the fault."""
    estate = working()
    estate.table(PRIVATE_TABLE, A)
    estate.table("rtb-b", "subnet-b")
    estate.route("rtb-b", NAT, state="blackhole")
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    found = violation("high", subnets=subnets(a="no_default_route", b="blackhole"))
    return orders(estate, nat__no_internet_egress=found)


@case
def severity_and_stage_by_configuration() -> Case:
    """Both can be set for a rule, by function."""
    configuration = {
        "version": 1,
        "overrides": [
            {
                "match": {"function": "orders"},
                "rules": {"nat.no_internet_egress": {"severity": "low", "stage": "enforce"}},
            }
        ],
    }
    found = violation("low", root_cause=PUBLIC_TABLE) | {"stage": "enforce"}
    return orders(_public(), configuration, nat__no_internet_egress=found)


@case
def rule_switched_off() -> Case:
    """A rule that is off judges nothing."""
    configuration = {"version": 1, "rules": {"nat.no_internet_egress": {"enabled": False}}}
    return orders(_public(), configuration, nat__no_internet_egress=NOT_APPLICABLE)


@case
def placement_switched_on() -> Case:
    """Off by default; on where the configuration demands a VPC."""
    estate = working()
    estate.function("loose")
    configuration = {
        "version": 1,
        "overrides": [{"match": {"function": "*"}, "rules": {"placement.vpc_required": {"enabled": True}}}],
    }
    expected = {"placement.vpc_required": {"orders": PASS, "loose": violation("medium")}}
    return Case(estate, expected, configuration)


@case
def placement_by_default() -> Case:
    """AWS recommends no VPC unless private targets need one."""
    estate = working()
    estate.function("loose")
    return Case(estate, {"placement.vpc_required": dict.fromkeys(("orders", "loose"), NOT_APPLICABLE)})


@case
def vpc_that_is_not_needed() -> Case:
    """Declared without private targets, and attached all the same."""
    estate = working()
    estate.function("orders", A, tags={"vpcguard:egress": "internet", "vpcguard:private-targets": "no"})
    configuration = {"version": 1, "rules": {"placement.vpc_unneeded": {"enabled": True}}}
    return orders(estate, configuration, placement__vpc_unneeded=violation("info"))
