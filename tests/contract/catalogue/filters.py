"""What lets traffic through: groups, ACLs, those of file systems, and of event sources."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import (
    ACCOUNT,
    ACL,
    ANYWHERE,
    ENI_ACTIONS,
    GROUP,
    PUBLIC,
    REGION,
    VPC,
    A,
    B,
    Estate,
    role,
    working,
)
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, unknown, violation

HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
TARGETS = "elasticfilesystem:DescribeMountTargets"
TARGET_GROUPS = "elasticfilesystem:DescribeMountTargetSecurityGroups"
SOURCES = "lambda:ListEventSourceMappings"


def _with_egress(*rules: dict[str, Any], actions: tuple[str, ...] = (), egress: str = "") -> Estate:
    estate = working()
    estate.group(GROUP, egress=list(rules))
    estate.function("orders", A, B, tags={"vpcguard:egress": egress} if egress else {})
    estate.roles["orders"] = role("orders", [*ENI_ACTIONS, *actions])
    return estate


@case
def groups_with_a_placeholder_rule() -> Case:
    """A closed group holds a rule that matches nothing."""
    icmp = {
        "IpProtocol": "icmp",
        "FromPort": 252,
        "ToPort": 86,
        "IpRanges": [{"CidrIp": "255.255.255.255/32"}],
    }
    found = violation("high", root_cause=GROUP)
    return orders(_with_egress(icmp), config__security_groups_block_egress=found)


@case
def groups_with_an_allow_list() -> Case:
    """Less than the internet is somebody's choice."""
    partner = {**HTTPS, "IpRanges": [{"CidrIp": "93.184.216.0/24"}]}
    return orders(_with_egress(partner, egress="internet"), config__security_groups_block_egress=PASS)


@case
def groups_for_endpoints_and_a_gateway_for_s3() -> Case:
    """The addresses of a gateway endpoint are in no group: they are a prefix list."""
    estate = _with_egress(
        {**HTTPS, "UserIdGroupPairs": [{"GroupId": "sg-endpoint"}]},
        actions=("s3:GetObject", "sqs:SendMessage"),
    )
    estate.group("sg-endpoint")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group="sg-endpoint")
    estate.prefix_list("pl-s3", "52.218.0.0/17", name=f"com.amazonaws.{REGION}.s3")
    estate.gateway_endpoint("vpce-s3", "s3", "rtb-private", prefix_list="pl-s3")
    found = violation("medium", root_cause=GROUP, services=["s3"])
    return orders(estate, config__security_groups_block_egress=found)


@case
def groups_of_another_vpc() -> Case:
    """What such a group lets out is no proof of anything."""
    estate = working()
    estate.group("sg-foreign", vpc="vpc-other")
    estate.function("orders", A, B, groups=("sg-foreign",))
    return orders(estate, config__security_groups_block_egress=unknown("sg-foreign", is_failed_read=False))


@case
def acl_of_the_nats_subnet_that_denies_its_clients() -> Case:
    """A NAT gateway stands behind an ACL of its own."""
    estate = working()
    acl = estate.of("DescribeNetworkAcls", ACL)
    acl["Associations"] = [one for one in acl["Associations"] if one["SubnetId"] != PUBLIC]
    public = estate.acl("acl-public", PUBLIC)
    public["Entries"].append(
        {"Egress": False, "RuleNumber": 50, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "10.0.0.0/8"}
    )
    found = violation("high", root_cause="acl-public")
    return orders(estate, config__network_acl_blocks_https=found)


@case
def acl_of_an_isolated_subnet_that_lets_endpoints_through() -> Case:
    """Every call works, though nothing else would."""
    estate = _with_egress(
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}, actions=("sqs:SendMessage",)
    )
    estate.drop_route("rtb-private")
    estate.group("sg-endpoint")["IpPermissions"] = [{**HTTPS, "UserIdGroupPairs": [{"GroupId": GROUP}]}]
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group="sg-endpoint")
    acl = estate.of("DescribeNetworkAcls", ACL)
    for entry in acl["Entries"]:
        if entry["RuleAction"] == "allow":
            entry["CidrBlock"] = "10.0.0.0/16"
    return orders(estate, config__network_acl_blocks_https=PASS)


def _mounting(*zones: str, egress: dict[str, Any], ingress: dict[str, Any]) -> Estate:
    estate = working()
    estate.group(GROUP, egress=[egress])
    estate.group("sg-mount")["IpPermissions"] = [ingress]
    arn = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0a"
    estate.function("orders", A, B, FileSystemConfigs=[{"Arn": arn, "LocalMountPath": "/mnt/shared"}])
    targets = [
        {
            "MountTargetId": f"fsmt-{zone}",
            "VpcId": VPC,
            "LifeCycleState": "available",
            "IpAddress": "10.0.0.9",
            "AvailabilityZoneId": zone,
        }
        for zone in zones
    ]
    estate.entries[TARGETS] = {"fsap-0a": {"MountTargets": targets}}
    estate.entries[TARGET_GROUPS] = {
        one["MountTargetId"]: {"SecurityGroups": ["sg-mount"]} for one in targets
    }
    return estate


_TO_MOUNT = {**NFS, "UserIdGroupPairs": [{"GroupId": "sg-mount"}]}
_FROM_GROUP = {**NFS, "UserIdGroupPairs": [{"GroupId": GROUP}]}


@case
def file_system_within_reach() -> Case:
    """NFS gets out and in, in both zones."""
    estate = _mounting("euw1-az1", "euw1-az2", egress=_TO_MOUNT, ingress=_FROM_GROUP)
    return orders(estate, config__file_system_unreachable=PASS)


@case
def file_system_behind_a_group_for_https() -> Case:
    """HTTPS gets out, NFS does not: the mount fails at every start."""
    https = {**HTTPS, "IpRanges": [{"CidrIp": ANYWHERE}]}
    estate = _mounting("euw1-az1", "euw1-az2", egress=https, ingress=_FROM_GROUP)
    return orders(estate, config__file_system_unreachable=violation("high", root_cause=GROUP))


@case
def file_system_without_a_mount_target_in_a_zone() -> Case:
    """A function mounts in the zone it runs in."""
    estate = _mounting("euw1-az1", egress=_TO_MOUNT, ingress=_FROM_GROUP)
    return orders(estate, config__file_system_unreachable=violation("high", root_cause="fsap-0a"))


@case
def file_system_whose_mount_targets_admit_nobody() -> Case:
    """The other end has groups of its own."""
    https = {**HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    estate = _mounting("euw1-az1", "euw1-az2", egress=_TO_MOUNT, ingress=https)
    return orders(estate, config__file_system_unreachable=violation("high", root_cause="sg-mount"))


@case
def file_system_with_mount_targets_denied() -> Case:
    """Nobody knows whether there is one."""
    estate = _mounting("euw1-az1", "euw1-az2", egress=_TO_MOUNT, ingress=_FROM_GROUP)
    estate.deny(TARGETS, code="AccessDeniedException")
    return orders(estate, config__file_system_unreachable=unknown(TARGETS, is_failed_read=True))


@case
def no_file_system() -> Case:
    """Most functions mount nothing."""
    return orders(working(), config__file_system_unreachable=NOT_APPLICABLE)


def _polling(
    result: str, *, service: str = "kafka", state: str = "Enabled", subnets: tuple[str, ...] = ()
) -> Estate:
    estate = working()
    estate.function("orders", *subnets)
    estate.entries[SOURCES] = {
        "orders": {
            "EventSourceMappings": [
                {
                    "UUID": "0d9b2f9c-0000-4000-8000-000000000000",
                    "EventSourceArn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:cluster/clicks/1",
                    "State": state,
                    "LastProcessingResult": result,
                }
            ]
        }
    }
    return estate


@case
def event_source_that_cannot_be_connected_to() -> Case:
    """The poller works from the source's subnets, whether the function is attached or not."""
    estate = _polling("PROBLEM: Connection error.")
    return orders(estate, config__event_source_unreachable=violation("high"))


@case
def event_source_that_refuses_credentials() -> Case:
    """Every other trouble is somebody else's."""
    estate = _polling("PROBLEM: SASL authentication failed.", subnets=(A, B))
    return orders(estate, config__event_source_unreachable=PASS)


@case
def event_source_that_is_disabled() -> Case:
    """What was last said of it is history."""
    estate = _polling("PROBLEM: Connection error.", state="Disabled")
    return orders(estate, config__event_source_unreachable=NOT_APPLICABLE)


@case
def event_sources_denied() -> Case:
    """Nobody knows of any."""
    estate = working()
    estate.deny(SOURCES, code="AccessDeniedException")
    return orders(estate, config__event_source_unreachable=unknown(SOURCES, is_failed_read=True))
