package vpcguard.lib.result_test

import data.vpcguard.lib.result

test_lists if {
	result.list(set()) == ""
	result.list({"a"}) == "a"
	result.list({"b", "a"}) == "a and b"
	result.list({"c", "b", "a"}) == "a, b and c"
	result.list({"a", "b", "c", "d", "e", "f"}) == "a, b, c, d, e and f"
	result.list({"a", "b", "c", "d", "e", "f", "g"}) == "a, b, c, d, e and 2 more"
}

test_a_word_for_one_and_for_several if {
	result.word({"a"}, "is", "are") == "is"
	result.word({"a", "b"}, "is", "are") == "are"
}

test_a_subnet_with_its_name_and_zone if {
	subnets := {"subnets": [
		{"id": "a", "name": "app-a", "zone_name": "eu-west-1a", "zone_id": "euw1-az1"},
		{"id": "b", "zone_id": "euw1-az2"},
		{"id": "c", "zone_name": "eu-west-1c"},
		{"id": "d", "name": "app-d"},
		{"id": "e"},
	]}
	told := result.subnets({"a", "b", "c", "d", "e", "unseen"}) with input as subnets
	told == "a (app-a, eu-west-1a), b (zone id euw1-az2), c (eu-west-1c), d (app-d), e and unseen"
}

test_zones_by_their_names if {
	subnets := {"subnets": [
		{"id": "a", "zone_name": "eu-west-1b", "zone_id": "euw1-az1"},
		{"id": "b", "zone_name": "eu-west-1a", "zone_id": "euw1-az1"},
		{"id": "c", "zone_id": "euw1-az2"},
	]}
	result.zones({"euw1-az1", "euw1-az2"}) == "eu-west-1a and the zone with id euw1-az2" with input as subnets
}

test_a_resource_with_its_name if {
	every kind in [
		"vpcs",
		"subnets",
		"route_tables",
		"nat_gateways",
		"internet_gateways",
		"egress_only_internet_gateways",
		"vpc_endpoints",
		"security_groups",
		"network_acls",
	] {
		told := result.all_named({"x-1", "x-2", "x-3"}) with input as {kind: [{"id": "x-1", "name": "one"}, {"id": "x-2"}]}
		told == "x-1 (one), x-2 and x-3"
	}
}

test_waits_with_their_reasons if {
	result.awaited({
		_wait("unknown", "ec2:DescribeSubnets", "AccessDenied"),
		_wait("opaque", "tgw-1", ""),
	}) == "ec2:DescribeSubnets (AccessDenied); tgw-1"
}

test_a_reason_that_names_it_again_is_shown_once if {
	wait := _wait("refused", "ec2:DescribeSubnets", "ec2:DescribeSubnets refused: UnauthorizedOperation")
	result.awaited({wait}) == "ec2:DescribeSubnets (refused: UnauthorizedOperation)"
}

test_what_waits_for_one_read_is_said_once if {
	waits := {_wait("opaque", "ec2:DescribeSubnets", $"no zone of {id}") | some id in ["a", "b"]}
	result.awaited(waits) == "ec2:DescribeSubnets (no zone of a and b)"
	result.settling(waits) == "Look again: what ec2:DescribeSubnets answered is not whole."
}

test_what_waits_for_the_same_reason_is_said_together if {
	waits := {_wait("opaque", id, "transit gateway") | some id in ["tgw-1", "tgw-2"]}
	result.awaited(waits) == "tgw-1 and tgw-2 (transit gateway)"
}

test_reads_that_were_asked_together_have_each_its_own_reason if {
	reason := "tag:GetResources refused: AccessDenied; lambda:ListTags was not read"
	told := result.awaited({_wait("refused", name, reason) | some name in ["lambda:ListTags", "tag:GetResources"]})
	told == "lambda:ListTags (was not read); tag:GetResources (refused: AccessDenied)"
}

test_each_thing_that_settles_waits_is_said_once if {
	result.settling({
		_wait("refused", "ec2:DescribeSubnets", "in account 1 refused: UnauthorizedOperation"),
		_wait("refused", "ec2:DescribeSubnets", "refused: UnauthorizedOperation"),
		_wait("refused", "ec2:DescribeVpcs", ""),
		_wait("unknown", "ec2:DescribeRouteTables", "failed: ReadTimeoutError"),
	}) == concat(" ", [
		"Grant ec2:DescribeSubnets and ec2:DescribeVpcs to the role that reads the account, and look again.",
		"Look again: there was no answer to ec2:DescribeRouteTables.",
	])
}

test_what_settles_a_wait_hangs_on_what_it_waits_for if {
	every case in [
		["opaque", "tgw-1", "trusted_egress"],
		["opaque", "vgw-1", "trusted_egress"],
		["opaque", "arn:aws:networkmanager::1:core-network/core-network-1", "trusted_egress"],
		["opaque", "arn:aws:iam::1:policy/p", "nothing that can be read"],
		["opaque", "lgw-1", "of an organization unit"],
		["opaque", "vpce-1", "trusted_egress"],
		["opaque", "vpc-1", "still exists"],
		["opaque", "nat-1", "in the account that owns the VPC"],
		["opaque", "444455556666", "in the account that owns the VPC"],
		["opaque", "eni-1", "nothing that can be read"],
		["contradictory", "subnet-0a", "may have changed during the reading"],
		["undecidable", "pl-1", "vpcguard:egress"],
	] {
		contains(result.settling({_wait(case[0], case[1], "")}), case[2])
	}
}

test_who_knows_better_says_what_settles_a_wait if {
	settled := {means: told |
		some means in ["central_endpoints", "own_calls", "permissions", "rule", "own_rule"]
		told := result.settling({object.union(_wait("opaque", "tgw-1", ""), {"settled_by": means})})
	}
	contains(settled.central_endpoints, "central endpoints behind tgw-1 (central_endpoints, [] for none)")
	contains(settled.own_calls, "calls itself, with tgw-1 or without (vpcguard:services)")
	contains(settled.permissions, "in the policies of role tgw-1 on every resource")
	contains(settled.rule, "a fault of tgw-1 itself")
	contains(settled.own_rule, "switch it off until then (rules.tgw-1.enabled: false)")
	services := {object.union(_wait("undecidable", service, ""), {"settled_by": "services"}) |
		some service in ["bedrock", "appconfig"]
	}
	contains(result.settling(services), "vpcguard:services=appconfigdata,bedrock-runtime ")
}

_wait(status, name, reason) := {"status": status, "name": name, "reason": reason}
