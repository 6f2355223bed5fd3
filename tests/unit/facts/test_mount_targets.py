"""Mount targets of file systems: by access point, known where their groups are."""

from __future__ import annotations

from typing import Any

from tests.unit.facts.snapshots import KNOWN, coverage, facts, functions, unknown

TARGETS = "elasticfilesystem:DescribeMountTargets"
GROUPS = "elasticfilesystem:DescribeMountTargetSecurityGroups"
TARGET = {
    "MountTargetId": "fsmt-a",
    "SubnetId": "subnet-a",
    "VpcId": "vpc-0a",
    "LifeCycleState": "available",
    "IpAddress": "10.0.1.9",
    "AvailabilityZoneId": "euw1-az1",
}


def _read(**answers: Any) -> dict[str, Any]:
    names = {"targets": TARGETS, "groups": GROUPS}
    read = functions({"name": "orders"}) | {names[key]: one for key, one in answers.items()}
    return facts(read, reader={"vpcguard": "1.0.0", "botocore": "1.44.8"})


def test_a_mount_target_with_its_groups() -> None:
    found = _read(
        targets={"fsap-a": {"MountTargets": [TARGET]}}, groups={"fsmt-a": {"SecurityGroups": ["sg-m"]}}
    )

    assert found["mount_targets"] == [
        {
            "access_point_id": "fsap-a",
            "id": "fsmt-a",
            "subnet_id": "subnet-a",
            "vpc_id": "vpc-0a",
            "zone_id": "euw1-az1",
            "state": "available",
            "ip_address": "10.0.1.9",
            "security_group_ids": ["sg-m"],
        }
    ]
    assert coverage(found, "mount_targets", "fsap-a") == KNOWN
    assert coverage(found, "mount_targets", "fsap-b") == unknown(TARGETS)


def test_without_its_groups_or_its_zone_a_mount_target_is_not_known() -> None:
    groupless = _read(targets={"fsap-a": {"MountTargets": [TARGET]}})
    zoneless = _read(targets={"fsap-a": {"MountTargets": [{"MountTargetId": "fsmt-a"}]}})

    assert groupless["mount_targets"][0]["security_group_ids"] == []
    assert coverage(groupless, "mount_targets", "fsap-a") == unknown(GROUPS)
    assert zoneless["mount_targets"] == []
    assert coverage(zoneless, "mount_targets", "fsap-a")["status"] == "unknown"
