package vpcguard.rules.config.file_system_unreachable_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.file_system_unreachable as rule

test_allow_nfs_by_groups_and_by_networks if {
	rule.applies == {"orders"} with input as _document({})
	rule.deny == set() with input as _document({})
	rule.unknown == set() with input as _document({})
	by_networks := _document({"security_groups": [
		_group([estate.tcp(2049, {"ipv4_cidrs": ["10.0.0.0/16"]})]),
		_of_targets([estate.tcp(2049, {"ipv4_cidrs": ["10.0.0.0/16"]})]),
	]})
	rule.deny == set() with input as by_networks
	rule.unknown == set() with input as by_networks
}

# a group for HTTPS alone: whatever the mount targets are, NFS does not get out
test_deny_a_group_that_lets_no_nfs_out if {
	groups := [_group([estate.tcp(443, {"ipv4_cidrs": ["0.0.0.0/0"]})])]
	https := _document({"mount_targets": [], "security_groups": groups})
	unread := fixtures.denied(https, {"mount_targets": "elasticfilesystem:DescribeMountTargets"})
	rule.deny == {{
		"function": "orders",
		"message": "orders: its security group sg-f does not let TCP 2049 (NFS) out to a mount target of fsap-1.",
		"advice": "Give this group an egress rule for TCP 2049 to the security group of the mount target.",
		"evidence": {"vpc_id": "vpc-1", "security_group_ids": {"sg-f"}, "faults": [{
			"cause": "not_let_out",
			"access_point_id": "fsap-1",
			"mount_target_ids": set(),
			"subnet_ids": {"a1", "b1"},
		}]},
		"root_causes": {"sg-f"},
	}} with input as unread
	rule.unknown == set() with input as unread
}

test_deny_nfs_that_gets_out_elsewhere if {
	document := _document({"security_groups": [
		_group([estate.tcp(2049, {"ipv4_cidrs": ["10.9.0.0/16"]})]),
		_of_targets([estate.tcp(2049, {"group_ids": ["sg-f"]})]),
	]})
	{[v.message, v.advice, v.root_causes] | some v in rule.deny} == {[
		"orders: its security group sg-f does not let TCP 2049 (NFS) out to mount targets fsmt-a and fsmt-b of fsap-1.",
		"Give this group an egress rule for TCP 2049 to sg-m.",
		{"sg-f"},
	]} with input as document
}

test_deny_a_zone_without_a_mount_target if {
	document := _document({"mount_targets": [_target("fsmt-a", "euw1-az-a", {})]})
	{[v.message, v.advice, v.root_causes] | some v in rule.deny} == {[
		"orders: fsap-1 has no available mount target in eu-west-1b, the zone of b1.",
		"Create a mount target in eu-west-1b for fsap-1.",
		{"fsap-1"},
	]} with input as document
	creating := _target("fsmt-b", "euw1-az-b", {"state": "creating"})
	{fault.subnet_ids | some v in rule.deny; some fault in v.evidence.faults} == {{"b1"}} with input as object.union(
		document,
		{"mount_targets": [_target("fsmt-a", "euw1-az-a", {}), creating]},
	)
}

test_deny_a_mount_target_that_admits_nobody if {
	document := _document({"security_groups": [
		_group([estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})]),
		_of_targets([estate.tcp(2049, {"group_ids": ["sg-other"], "ipv4_cidrs": ["10.0.1.0/24"]})]),
	]})
	{[v.message, v.advice, v.root_causes] | some v in rule.deny} == {[
		"orders: mount target fsmt-b of fsap-1 admits no TCP 2049 (NFS) from b1 (eu-west-1b).",
		"Let sg-m admit TCP 2049 from sg-f.",
		{"sg-m"},
	]} with input as document
}

# what is not let out yet, and would not be let in, takes two repairs
test_of_several_things_to_repair_none_is_the_cause if {
	closed := [_group([estate.tcp(443, {"ipv4_cidrs": ["0.0.0.0/0"]})]), _of_targets([])]
	{v.root_causes | some v in rule.deny} == {set()} with input as _document({"security_groups": closed})
	both := _document({"mount_targets": [_target("fsmt-a", "euw1-az-a", {"security_group_ids": ["sg-m", "sg-n"]})]})
	refusing := [_group([estate.tcp(2049, {"group_ids": ["sg-m"]})]), _of_targets([]), estate.group("sg-n", {})]
	document := object.union(both, {"security_groups": refusing})
	{v.root_causes | some v in rule.deny} == {set()} with input as document
	here := [_function("arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-1")]
	alone := [object.union(one, {"subnet_ids": ["a1"]}) | some one in here]
	{v.root_causes | some v in rule.deny} == {{"sg-m"}} with input as object.union(document, {"functions": alone})
}

test_not_applicable_without_a_file_system if {
	document := _document({"functions": [fixtures.function("orders", ["a1", "b1"], {})]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

test_unknown_while_the_mount_targets_are_unread if {
	unread := {"mount_targets": "elasticfilesystem:DescribeMountTargets"}
	document := fixtures.denied(_document({"mount_targets": []}), unread)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"elasticfilesystem:DescribeMountTargets"} with input as document
}

# S3 Files, and Amazon EFS of another account: nobody can be asked, and no read failed
test_unknown_for_the_file_systems_of_others if {
	arns := [
		"arn:aws:s3files:eu-west-1:111122223333:access-point/fsap-1",
		"arn:aws:elasticfilesystem:eu-west-1:444455556666:access-point/fsap-1",
	]
	every arn in arns {
		document := _document({"functions": [_function(arn)], "mount_targets": []})
		rule.deny == set() with input as document
		{one.waits[_].status | some one in rule.unknown} == {"opaque"} with input as document
	}
}

test_unknown_while_groups_subnets_or_zones_are_unread if {
	groups := fixtures.denied(
		_document({"security_groups": [_group([estate.tcp(2049, {"group_ids": ["sg-m"]})])]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	rule.deny == set() with input as groups
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSecurityGroups"} with input as groups
	zoneless := _document({"subnets": [
		object.remove(estate.subnet("a1", "a", "10.0.1.0/24"), ["zone_id"]),
		estate.subnet("b1", "b", "10.0.2.0/24"),
	]})
	{one.waits[_].reason | some one in rule.unknown} == {"no zone of a1"} with input as zoneless
	hidden := fixtures.denied(
		_document({"subnets": [estate.subnet("a1", "a", "10.0.1.0/24")]}),
		{"subnets": "ec2:DescribeSubnets"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as hidden
}

_document(more) := estate.document([], object.union(
	{
		"functions": [_function("arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-1")],
		"security_groups": [
			_group([estate.tcp(2049, {"group_ids": ["sg-m"]})]),
			_of_targets([estate.tcp(2049, {"group_ids": ["sg-f"]})]),
		],
		"mount_targets": [_target("fsmt-a", "euw1-az-a", {}), _target("fsmt-b", "euw1-az-b", {})],
	},
	more,
))

_function(arn) := fixtures.function(
	"orders",
	["a1", "b1"],
	{"file_systems": [{"arn": arn, "service": split(arn, ":")[2], "access_point_id": "fsap-1"}]},
)

_target(id, zone_id, more) := object.union(
	{
		"id": id,
		"access_point_id": "fsap-1",
		"vpc_id": "vpc-1",
		"subnet_id": "a1",
		"zone_id": zone_id,
		"state": "available",
		"ip_address": "10.0.1.9",
		"security_group_ids": ["sg-m"],
	},
	more,
)

_group(egress) := estate.group("sg-f", {"egress": egress})

_of_targets(ingress) := estate.group("sg-m", {"ingress": ingress})
