package vpcguard.explanation.filters_test

import data.vpcguard.explanation.filters
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_what_groups_and_acls_let_through_is_said if {
	told := filters.of with input as estates.document([], {"network_acls": [_acl("acl-1", ["a1", "b1"], [])]})
	told == {"orders": {
		"egress": "lets TCP 443 out to 0.0.0.0/0",
		"network_acls": [{
			"network_acl_id": "acl-1",
			"subnet_ids": {"a1", "b1"},
			"text": "acl-1 lets TCP 443 out to 0.0.0.0/0, and the answers back in",
		}],
	}}
}

test_where_groups_lead_is_listed[text] if {
	some text, rules in {
		"lets TCP 443 out to nothing": [],
		"lets TCP 443 out to 10.0.0.0/16 and 2001:db8::/64": [estates.tcp(443, {
			"ipv4_cidrs": ["10.0.0.0/16"],
			"ipv6_cidrs": ["2001:db8::/64"],
		})],
		"lets TCP 443 out to group sg-f and prefix list pl-1": [estates.tcp(443, {
			"group_ids": ["sg-f"],
			"prefix_list_ids": ["pl-1"],
		})],
	}
	egress := filters.of.orders.egress with input as _with_egress(rules)
	egress == text
}

test_a_group_that_was_not_read_may_open_more if {
	document := object.union(estates.document([], {}), {"security_groups": []})
	denied := fixtures.denied(document, {"security_groups": "ec2:DescribeSecurityGroups"})
	egress := filters.of.orders.egress with input as denied
	egress == concat(" ", [
		"lets TCP 443 out to nothing, as far as known: more may be open,",
		"because of ec2:DescribeSecurityGroups (AccessDenied)",
	])
}

test_the_default_group_is_named_as_such if {
	document := {"security_groups": [estates.group("sg-f", {"group_name": "default"})]}
	shown := filters.shown("sg-f") with input as estates.document([], document)
	shown == "sg-f (the VPC's default group)"
}

test_what_an_acl_keeps_in_or_out_is_said[text] if {
	some text, denied in {
		"acl-1 does not let TCP 443 out to all of 0.0.0.0/0": [true],
		"acl-1 lets TCP 443 out to 0.0.0.0/0, and not all answers back in (TCP 1024-65535)": [false],
		"acl-1 lets neither TCP 443 out to all of 0.0.0.0/0, nor all answers back in (TCP 1024-65535)": [true, false],
	}
	told := filters.of.orders with input as estates.document([], {"network_acls": [_acl("acl-1", ["a1", "b1"], denied)]})
	[acl.text | some acl in told.network_acls] == [text]
}

test_an_acl_is_told_of_ipv6_where_the_function_may_use_it if {
	document := estates.document([], {
		"functions": [fixtures.function("orders", ["a1"], {"ipv6_allowed_for_dual_stack": true})],
		"network_acls": [_acl("acl-1", ["a1"], [])],
	})
	told := filters.of.orders.network_acls with input as document
	[acl.text | some acl in told] == [concat("; ", [
		"acl-1 lets TCP 443 out to 0.0.0.0/0, and the answers back in",
		"lets neither TCP 443 out to all of ::/0, nor all answers back in (TCP 1024-65535)",
	])]
}

test_an_acl_that_was_not_read_is_not_known if {
	document := fixtures.denied(
		estates.document([], {"network_acls": [_acl("acl-1", ["a1"], [])]}),
		{"network_acls": "ec2:DescribeNetworkAcls"},
	)
	told := filters.of.orders.network_acls with input as document
	[[acl.network_acl_id, acl.subnet_ids] | some acl in told] == [[null, {"b1"}], ["acl-1", {"a1"}]]
	told[0].text == "not known, because of ec2:DescribeNetworkAcls (AccessDenied)"
}

test_groups_that_let_nothing_out_stop_both_families if {
	stops := filters.stopping.orders with input as _with_egress([estates.tcp(443, {"ipv4_cidrs": ["127.0.0.1/32"]})])
		with data.vpcguard.decision as _finding("config.security_groups_block_egress", {
			"cause": "nothing_out",
			"security_group_ids": {"sg-f"},
			"services": set(),
		})
	stops[0] == {
		"id": "sg-f",
		"name": "sg-f",
		"about": "security group, lets TCP 443 out to 127.0.0.1/32",
		"text": "sg-f lets TCP 443 out to 127.0.0.1/32",
		"repair": "In sg-f, let TCP 443 out.",
		"family": "ipv4",
		"subnet_ids": set(),
	}
	[stops[1].family, stops[1].about] == ["ipv6", "security group, lets TCP 443 out to nothing over IPv6"]
}

test_groups_stop_the_family_alone_that_they_keep_in if {
	stops := filters.stopping.orders with input as _with_egress([estates.tcp(443, {"ipv4_cidrs": ["0.0.0.0/0"]})])
		with data.vpcguard.decision as _finding("config.security_groups_block_egress", {
			"cause": "no_https_to_internet",
			"security_group_ids": {"sg-f"},
			"services": set(),
		})
	[stop.family | some stop in stops] == ["ipv6"]
}

test_groups_that_keep_calls_to_services_in_stop_no_way if {
	found := _finding("config.security_groups_block_egress", {
		"cause": "no_https_to_services",
		"security_group_ids": {"sg-f"},
		"services": {"s3"},
	})
	stops := filters.stopping with input as _with_egress([]) with data.vpcguard.decision as found
	stops == {}
	kept_in := filters.kept_in with input as _with_egress([]) with data.vpcguard.decision as found
	kept_in == {"orders": {"s3"}}
}

test_acls_stop_the_ways_of_their_subnets if {
	stops := filters.stopping.orders with input as estates.document([], {"network_acls": [_acl("acl-1", ["a1"], [true])]})
		with data.vpcguard.decision as _finding("config.network_acl_blocks_https", {"network_acls": [
			{"subnet_id": "a1", "network_acl_id": "acl-1", "blocked": {"0.0.0.0/0": {"out"}}},
			{"subnet_id": "b1", "network_acl_id": "acl-2", "blocked": {"10.0.1.0/24": {"in"}}},
		]})
	stops == [{
		"id": "acl-1",
		"name": "acl-1",
		"about": "network ACL of a1 (eu-west-1a), does not let TCP 443 out to all of 0.0.0.0/0",
		"text": "acl-1 does not let TCP 443 out to all of 0.0.0.0/0",
		"repair": "In acl-1, let TCP 443 out and the answers back in (TCP 1024-65535).",
		"family": "ipv4",
		"subnet_ids": {"a1"},
	}]
}

_finding(id, evidence) := {"rules": [{"id": id, "violations": [{"function": "orders", "evidence": evidence}]}]}

test_a_function_outside_a_vpc_has_none if {
	document := estates.document([], {"functions": [fixtures.function("free", [], {})]})
	told := filters.of with input as document
	told == {"free": {"egress": "", "network_acls": []}}
}

_with_egress(rules) := estates.document([], {"security_groups": [estates.group("sg-f", {"egress": rules})]})

# an ACL that lets everything through but in these directions
_acl(id, subnet_ids, denied) := {
	"id": id,
	"vpc_id": "vpc-1",
	"is_default": false,
	"subnet_ids": subnet_ids,
	"entries": [
	{
		"rule_number": 100,
		"is_egress": is_egress,
		"action": "allow",
		"protocol": "-1",
		"ipv4_cidr": "0.0.0.0/0",
	} |
		some is_egress in [true, false]
		not is_egress in denied
	],
}
