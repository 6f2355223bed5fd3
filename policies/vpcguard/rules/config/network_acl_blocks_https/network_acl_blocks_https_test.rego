package vpcguard.rules.config.network_acl_blocks_https_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.network_acl_blocks_https as rule

test_deny_an_acl_that_keeps_https_in if {
	acl := _acl("acl-1", [_out(100, "allow", 80), _back(100, "allow")])
	rule.deny == {{
		"function": "orders",
		"message": "orders: acl-1 of a1 (eu-west-1a) denies TCP 443 to 0.0.0.0/0.",
		"advice": "Let this ACL allow this traffic, by rules with smaller numbers than those that deny it.",
		"evidence": {
			"vpc_id": "vpc-1",
			"intent": {
				"egress": {"value": "undeclared", "source": "undeclared"},
				"private_targets": {"value": "undeclared", "source": "undeclared"},
				"services": {"source": "undeclared", "values": set()},
				"unrecognized": set(),
			},
			"network_acls": [{"subnet_id": "a1", "network_acl_id": "acl-1", "blocked": {"0.0.0.0/0": {"out"}}}],
		},
		"root_causes": {"acl-1"},
	}} with input as _leaving([acl])
}

# semantics 6: and the whole of TCP 1024-65535 back from there
test_deny_answers_that_do_not_come_back if {
	acl := _acl("acl-1", [_out(100, "allow", 443), object.union(_back(100, "allow"), {"to_port": 60000})])
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"0.0.0.0/0": {"back"}}} with input as _leaving([acl])
	{contains(v.message, "denies some of TCP 1024-65535 from 0.0.0.0/0") |
		some v in rule.deny
	} == {true} with input as _leaving([acl])
	neither := _acl("acl-1", [])
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"0.0.0.0/0": {"out", "back"}}} with input as _leaving([neither])
}

test_deny_for_intent_internet if {
	document := estate.tagged(_document([_acl("acl-1", [])]), {"vpcguard:egress": "internet"})
	{v.function | some v in rule.deny} == {"orders"} with input as document
	acl := _acl("acl-1", [_out(100, "allow", 443), _back(100, "allow")])
	fine := estate.tagged(_leaving([acl]), {"vpcguard:egress": "internet"})
	rule.deny == set() with input as fine
	rule.unknown == set() with input as fine
}

test_allow_the_default_acl if {
	rule.applies == {"orders"} with input as _leaving([_open])
	rule.deny == set() with input as _leaving([_open])
	rule.unknown == set() with input as _leaving([_open])
}

test_allow_what_https_needs_and_no_more if {
	acl := _acl("acl-1", [_out(100, "allow", 443), _back(100, "allow"), _deny_all(true), _deny_all(false)])
	rule.deny == set() with input as _leaving([acl])
	rule.unknown == set() with input as _leaving([acl])
}

# semantics 6: the function's subnets and those of the NATs on its way
test_allow_an_acl_of_another_subnet if {
	other := object.union(_acl("acl-2", []), {"subnet_ids": ["e1"]})
	rule.deny == set() with input as _leaving([_open, other])
}

test_deny_an_acl_of_the_nats_subnet if {
	closed := object.union(_acl("acl-p", []), {"subnet_ids": ["p1"]})
	document := estate.behind_nat(_document([_open, closed]))
	[v.message | some v in rule.deny] == [concat(" ", [
		"orders: acl-p of p1 (eu-west-1a) denies some of TCP 1024-65535 from 0.0.0.0/0, and TCP 443 from",
		"10.0.1.0/24, and TCP 443 to 0.0.0.0/0, and some of TCP 1024-65535 to 10.0.1.0/24.",
	])] with input as document
	{v.root_causes | some v in rule.deny} == {{"acl-p"}} with input as document
	some_way := object.union(closed, {"entries": [
		_tcp(100, false, {"action": "allow", "from_port": 443, "to_port": 443, "ipv4_cidr": "10.0.0.0/16"}),
		_tcp(100, true, {"action": "allow", "from_port": 1024, "to_port": 65535, "ipv4_cidr": "10.0.0.0/16"}),
		_out(110, "allow", 443),
		_back(110, "allow"),
	]})
	rule.deny == set() with input as estate.behind_nat(_document([_open, some_way]))
	rule.unknown == set() with input as estate.behind_nat(_document([_open, some_way]))
}

test_deny_an_acl_of_the_nat_instances_subnet if {
	closed := object.union(_acl("acl-p", []), {"subnet_ids": ["p1"]})
	interface := {
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"subnet_id": "p1",
		"interface_type": "interface",
		"is_lambda": false,
		"security_group_ids": [],
		"source_dest_check": false,
		"instance_id": "i-1",
	}
	document := estate.leaving(
		object.union(_document([_open, closed]), {"network_interfaces": [interface]}),
		[estate.route("ipv4", "0.0.0.0/0", "network_interface", "eni-1")],
	)
	{fault.subnet_id | some v in rule.deny; some fault in v.evidence.network_acls} == {"p1"} with input as document
}

test_unknown_while_the_acl_of_the_nats_subnet_is_unread if {
	document := fixtures.denied(estate.behind_nat(_document([_open])), {"network_acls": "ec2:DescribeNetworkAcls"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNetworkAcls"} with input as document
}

# it may be the way to a NAT behind an ACL that keeps something out
test_unknown_while_nobody_says_where_the_way_out_leads if {
	closed := object.union(_acl("acl-p", []), {"subnet_ids": ["p1"]})
	untold := object.union(estate.route("ipv4", "0.0.0.0/0", "unknown", ""), {"state": "unknown"})
	document := estate.leaving(_document([_open, closed]), [untold])
	rule.deny == set() with input as document
	{one.function | some one in rule.unknown} == {"orders"} with input as document
	low := estate.route("ipv4", "0.0.0.0/1", "nat_gateway", "nat-1")
	high := object.union(untold, {"destination": "128.0.0.0/1"})
	nat := object.union(_open, {"id": "acl-n", "subnet_ids": ["p1"]})
	elsewhere := object.union(closed, {"subnet_ids": ["e1"]})
	halves := estate.leaving(_document([_open, nat, elsewhere]), [low, high])
	{one.function | some one in rule.unknown} == {"orders"} with input as halves
}

# the NAT may stand behind an ACL that keeps something out
test_unknown_while_the_way_to_the_nat_is_unread if {
	closed := object.union(_acl("acl-p", []), {"subnet_ids": ["p1"]})
	document := estate.behind_nat(_document([_open, closed]))
	routes := fixtures.denied(
		object.union(document, {"route_tables": []}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	rule.deny == set() with input as routes
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeRouteTables"} with input as routes
	nats := fixtures.denied(
		object.union(document, {"nat_gateways": []}),
		{"nat_gateways": "ec2:DescribeNatGateways"},
	)
	rule.deny == set() with input as nats
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNatGateways"} with input as nats
	others := object.union(_open, {"id": "acl-p", "subnet_ids": ["p1", "e1"]})
	all_open := object.union(nats, {"network_acls": [_open, others]})
	rule.unknown == set() with input as all_open
	interfaces := fixtures.denied(
		estate.leaving(
			_document([_open, closed]),
			[estate.route("ipv4", "0.0.0.0/0", "network_interface", "eni-1")],
		),
		{"network_interfaces": "ec2:DescribeNetworkInterfaces", "instances": "ec2:DescribeInstances"},
	)
	rule.deny == set() with input as interfaces
	"ec2:DescribeNetworkInterfaces" in {one.waits[_].name | some one in rule.unknown} with input as interfaces
}

# semantics 6: undeclared in an isolated subnet, where calls go to endpoints alone
test_undeclared_in_an_isolated_subnet_needs_the_endpoints_subnets if {
	rule.applies == {"orders"} with input as _document([_acl("acl-1", [])])
	rule.deny == set() with input as _document([_acl("acl-1", [])])
	rule.unknown == set() with input as _document([_acl("acl-1", [])])
	fine := _untagged(_aws(["e1"], [_to("10.0.8.0/24"), _from("10.0.8.0/24")]))
	rule.deny == set() with input as fine
	rule.unknown == set() with input as fine
	blocked := _untagged(_aws(["e1"], [_to("10.0.8.0/24")]))
	{[v.basis, v.evidence.network_acls[_].blocked] |
		some v in rule.deny
	} == {["inferred", {"10.0.8.0/24": {"back"}}]} with input as blocked
}

test_undeclared_unknown_while_nobody_knows_of_a_default_route if {
	document := fixtures.denied(
		object.union(_document([_acl("acl-1", [])]), {"route_tables": []}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeRouteTables"} with input as document
}

# semantics 3: where the way out is IPv6, ACLs are judged for ::/0
test_an_ipv6_way_out_needs_ipv6 if {
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"::/0": {"out", "back"}}} with input as _over_ipv6([_open])
	both_ways := [
		estate.route("ipv6", "::/0", "egress_only_internet_gateway", "eigw-1"),
		estate.route("ipv4", "0.0.0.0/0", "nat_gateway", "nat-1"),
	]
	every way in ["internet", "undeclared"] {
		document := estate.leaving(estate.tagged(_over_ipv6([_open]), {"vpcguard:egress": way}), both_ways)
		beside := fixtures.denied(
			object.union(document, {"nat_gateways": []}),
			{"nat_gateways": "ec2:DescribeNatGateways"},
		)
		rule.deny == set() with input as beside
		{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNatGateways"} with input as beside
	}
	entries := [_ipv6(100, true), _ipv6(100, false)]
	rule.deny == set() with input as _over_ipv6([_acl("acl-1", entries)])
	rule.unknown == set() with input as _over_ipv6([_acl("acl-1", entries)])
	unread := fixtures.denied(
		object.union(_over_ipv6([_open]), {"egress_only_internet_gateways": []}),
		{"egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways"},
	)
	rule.deny == set() with input as unread
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeEgressOnlyInternetGateways"} with input as unread
	aws := object.union(estate.tagged(_over_ipv6([_open]), {"vpcguard:egress": "aws"}), {"roles": [estate.role([
		estate.statement("Allow", {"actions": ["sqs:SendMessage"]}),
	])]})
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"::/0": {"out", "back"}}} with input as aws
}

# semantics 6: to the endpoints' subnets (aws)
test_intent_aws_needs_the_endpoints_subnets if {
	rule.deny == set() with input as _aws(["e1"], [_to("10.0.8.0/24"), _from("10.0.8.0/24")])
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"10.0.8.0/24": {"out", "back"}}} with input as _aws(["e1"], [_to("10.0.7.0/24")])
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"10.0.8.0/24": {"back"}}} with input as _aws(["e1"], [_to("10.0.8.0/24")])
	{v.basis | some v in rule.deny} == {"inferred"} with input as _aws(["e1"], [])
	{fault.subnet_id | some v in rule.deny; some fault in v.evidence.network_acls} == {"a1"} with input as _aws(["e1"], [])
}

# an ACL stands between subnets, never within one
test_intent_aws_allow_an_endpoint_in_the_subnet_itself if {
	rule.deny == set() with input as _aws(["a1"], [])
	rule.unknown == set() with input as _aws(["a1"], [])
}

test_intent_aws_needs_the_networks_of_the_gateway_endpoint if {
	rule.deny == set() with input as _s3([_to("52.218.0.0/16"), _from("52.218.0.0/16")])
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"52.218.0.0/17": {"out", "back"}}} with input as _s3([])
	unread := fixtures.denied(
		object.union(_s3([]), {"prefix_lists": []}),
		{"prefix_list_entries": "ec2:GetManagedPrefixListEntries"},
	)
	rule.deny == set() with input as unread
	{one.waits[_].name | some one in rule.unknown} == {"ec2:GetManagedPrefixListEntries"} with input as unread
}

# without an endpoint the calls take the way out
test_intent_aws_without_an_endpoint_needs_the_internet if {
	nat := estate.behind_nat(_needing_sqs([_acl("acl-1", [])], []))
	{fault.blocked |
		some v in rule.deny
		some fault in v.evidence.network_acls
	} == {{"0.0.0.0/0": {"out", "back"}}} with input as nat

	# endpoints.service_unreachable speaks there
	rule.deny == set() with input as _needing_sqs([_acl("acl-1", [])], [])
	rule.unknown == set() with input as _needing_sqs([_acl("acl-1", [])], [])
	central := estate.leaving(
		_needing_sqs([_acl("acl-1", [])], []),
		[estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")],
	)
	rule.deny == set() with input as central
	{one.waits[_].name | some one in rule.unknown} == {"tgw-1"} with input as central
}

test_intent_aws_unknown_while_the_endpoints_are_unread if {
	document := fixtures.denied(
		estate.behind_nat(_needing_sqs([_acl("acl-1", [])], [])),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as document
	at_nat := object.union(_open, {"id": "acl-p", "subnet_ids": ["p1"]})
	open := fixtures.denied(
		estate.behind_nat(_needing_sqs([_open, at_nat], [])),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	rule.unknown == set() with input as open
}

# whether its calls take the way out, over a NAT whose ACL keeps them in, or whose ACL nobody saw
test_unknown_whether_the_nat_behind_an_acl_is_used if {
	closed := object.union(_acl("acl-p", []), {"subnet_ids": ["p1"]})
	document := estate.behind_nat(_document([_open, closed]))
	tags := fixtures.denied(document, {"function_tags": "tag:GetResources"})
	rule.deny == set() with input as tags
	{one.waits[_].name | some one in rule.unknown} == {"tag:GetResources"} with input as tags
	unseen := fixtures.denied(estate.behind_nat(_document([_open])), {"function_tags": "tag:GetResources"})
	{one.waits[_].name | some one in rule.unknown} == {"tag:GetResources"} with input as unseen
	calling := estate.behind_nat(_needing_sqs([_open, closed], []))
	endpoints := fixtures.denied(calling, {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	rule.deny == set() with input as endpoints
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as endpoints
	told := fixtures.denied(
		estate.tagged(document, {"vpcguard:egress": "none"}),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	rule.unknown == set() with input as told
}

test_intent_aws_unknown_while_the_name_may_not_be_caught if {
	document := fixtures.denied(
		object.union(_aws(["e1"], []), {"vpcs": []}),
		{"vpc_attributes": "ec2:DescribeVpcAttribute"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcAttribute"} with input as document
}

test_intent_aws_unknown_while_a_subnet_of_the_endpoint_is_unread if {
	document := fixtures.denied(_aws(["hidden"], []), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_intent_aws_unknown_which_endpoint_of_a_service_is_used if {
	found := [estate.interface("vpce-1", "runtime-v2-lex", {"subnet_ids": ["e1"]})]
	document := estate.tagged(
		estate.behind_nat(object.union(_aws(["e1"], []), {"vpc_endpoints": found})),
		{"vpcguard:egress": "aws", "vpcguard:services": "lex"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lex"} with input as document
}

test_intent_aws_unknown_while_the_needs_are_unread if {
	partial := fixtures.denied(_aws(["e1"], []), {"roles": "iam:GetPolicyVersion"})
	rule.deny == set() with input as partial
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetPolicyVersion"} with input as partial
	unread := fixtures.denied(object.union(_aws(["e1"], []), {"roles": []}), {"roles": "iam:GetRole"})
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as unread
	open := object.union(unread, {"network_acls": [_open]})
	rule.unknown == set() with input as open
}

test_unknown_while_the_acl_is_unread if {
	document := fixtures.denied(_document([]), {"network_acls": "ec2:DescribeNetworkAcls"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNetworkAcls"} with input as document
	{one.waits[_].reason | some one in rule.unknown} == {"no ACL of a1"} with input as _document([])
}

test_unknown_when_a_hidden_subnet_decides if {
	document := fixtures.denied(
		object.union(_document([_open]), {"functions": [fixtures.function("orders", ["a1", "hidden"], {})]}),
		{"subnets": "ec2:DescribeSubnets"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

# semantics 1: only verdicts that differ between the possible intents are unknown
test_unknown_where_unread_tags_decide if {
	document := fixtures.denied(_document([_acl("acl-1", [])]), {"function_tags": "tag:GetResources"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"tag:GetResources"} with input as document
	open := fixtures.denied(_document([_open]), {"function_tags": "tag:GetResources"})
	rule.applies == {"orders"} with input as open
	rule.unknown == set() with input as open
}

# semantics 6: not for none
test_not_applicable_to_intent_none if {
	document := estate.tagged(_document([_acl("acl-1", [])]), {"vpcguard:egress": "none"})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_to_intent_aws_without_a_need if {
	document := estate.tagged(_document([_acl("acl-1", [])]), {"vpcguard:egress": "aws"})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_open := _acl("acl-1", [_all(100, true, "allow"), _all(100, false, "allow"), _deny_all(true), _deny_all(false)])

_all(number, is_egress, action) := {
	"rule_number": number,
	"protocol": "-1",
	"action": action,
	"is_egress": is_egress,
	"ipv4_cidr": "0.0.0.0/0",
}

_deny_all(is_egress) := _all(32767, is_egress, "deny")

_out(number, action, port) := _tcp(number, true, {"action": action, "from_port": port, "to_port": port})

_back(number, action) := _tcp(number, false, {"action": action, "from_port": 1024, "to_port": 65535})

_to(cidr) := object.union(_out(100, "allow", 443), {"ipv4_cidr": cidr})

_from(cidr) := object.union(_back(100, "allow"), {"ipv4_cidr": cidr})

_tcp(number, is_egress, more) := object.union(
	{
		"rule_number": number,
		"protocol": "6",
		"is_egress": is_egress,
		"ipv4_cidr": "0.0.0.0/0",
	},
	more,
)

_acl(id, entries) := {
	"id": id,
	"vpc_id": "vpc-1",
	"is_default": false,
	"subnet_ids": ["a1"],
	"entries": entries,
}

_aws(subnet_ids, entries) := _needing_sqs(
	[_acl("acl-1", entries)],
	[estate.interface("vpce-1", "sqs", {"subnet_ids": subnet_ids})],
)

_needing_sqs(found, endpoints) := estate.tagged(
	object.union(_document(found), {
		"vpc_endpoints": endpoints,
		"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:SendMessage"]})])],
	}),
	{"vpcguard:egress": "aws"},
)

_s3(entries) := estate.tagged(
	object.union(_document([_acl("acl-1", entries)]), {
		"vpc_endpoints": [estate.gateway("vpce-g", "s3", ["rtb-a"])],
		"prefix_lists": [{
			"id": "pl-s3",
			"name": "com.amazonaws.eu-west-1.s3",
			"owner_id": "AWS",
			"cidrs": ["52.218.0.0/17", "2a05:d07a::/40"],
		}],
		"route_tables": [estate.table("rtb-a", ["a1"], [estate.route("prefix_list", "pl-s3", "vpc_endpoint", "vpce-g")])],
	}),
	{"vpcguard:egress": "aws", "vpcguard:services": "s3"},
)

# behind a NAT gateway in a subnet whose ACL lets everything through
_leaving(found) := estate.behind_nat(_document(array.concat(
	found,
	[object.union(_open, {"id": "acl-p", "subnet_ids": ["p1"]})],
)))

_untagged(document) := estate.tagged(document, {})

_ipv6(number, is_egress) := {
	"rule_number": number,
	"protocol": "-1",
	"action": "allow",
	"is_egress": is_egress,
	"ipv6_cidr": "::/0",
}

# behind an egress-only gateway, and nothing for IPv4
_over_ipv6(found) := object.union(_document(found), {
	"functions": [fixtures.function("orders", ["a1"], {"ipv6_allowed_for_dual_stack": true})],
	"subnets": [object.union(estate.subnet("a1", "a", "10.0.1.0/24"), {"ipv6_cidrs": ["2001:db8::/64"]})],
	"route_tables": [estate.table(
		"rtb-a",
		["a1"],
		[estate.route("ipv6", "::/0", "egress_only_internet_gateway", "eigw-1")],
	)],
	"egress_only_internet_gateways": [{
		"id": "eigw-1",
		"attachments": [{"vpc_id": "vpc-1", "state": "attached"}],
	}],
})

_document(found) := estate.document([], {
	"functions": [fixtures.function("orders", ["a1"], {})],
	"subnets": [estate.subnet("a1", "a", "10.0.1.0/24"), estate.subnet("e1", "a", "10.0.8.0/24")],
	"network_acls": found,
})
