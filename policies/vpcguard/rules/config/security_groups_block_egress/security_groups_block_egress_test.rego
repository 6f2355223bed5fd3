package vpcguard.rules.config.security_groups_block_egress_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.security_groups_block_egress as rule

test_deny_a_function_that_nothing_leaves if {
	rule.deny == {{
		"function": "orders",
		"message": "orders: its security group sg-f lets nothing useful out.",
		"advice": "Give this group an egress rule for TCP 443 to 0.0.0.0/0.",
		"root_causes": {"sg-f"},
		"evidence": {
			"vpc_id": "vpc-1",
			"intent": {
				"egress": {"value": "undeclared", "source": "undeclared"},
				"private_targets": {"value": "undeclared", "source": "undeclared"},
				"services": {"source": "undeclared", "values": set()},
				"unrecognized": set(),
			},
			"security_group_ids": {"sg-f"},
			"cause": "nothing_out",
			"services": {},
		},
	}} with input as _document([], {}, [])
	rule.unknown == set() with input as _document([], {}, [])
}

# semantics 6: a closed group holds a rule that matches nothing, since CloudFormation knows no empty list
test_deny_placeholder_rules if {
	placeholders := [
		[estate.rule({"protocol": "icmp", "from_port": 252, "to_port": 86, "ipv4_cidrs": ["255.255.255.255/32"]})],
		[estate.rule({"ipv4_cidrs": ["127.0.0.1/32"]})],
		[estate.rule({"ipv4_cidrs": ["0.0.0.0/32"]})],
		[estate.rule({"ipv6_cidrs": ["::1/128"]})],
		[estate.rule({"protocol": "icmp", "from_port": -1, "to_port": -1, "ipv4_cidrs": ["0.0.0.0/0"]})],
		[estate.rule({"protocol": "udp", "from_port": 53, "to_port": 53, "ipv4_cidrs": ["0.0.0.0/0"]})],
		[estate.rule({"ipv6_cidrs": ["::/0"]})],
		[estate.rule({})],
	]
	every egress in placeholders {
		_causes(_document([], {}, egress)) == {"nothing_out"}
		_causes(_document(["sqs:*"], {"vpcguard:egress": "aws"}, egress)) == {"nothing_out"}
	}
	useful := [
		[estate.tcp(5432, {"ipv4_cidrs": ["10.0.0.0/8"]})],
		[estate.tcp(5432, {"group_ids": ["sg-db"]})],
		[estate.rule({"prefix_list_ids": ["pl-1"]})],
	]
	every egress in useful {
		_causes(_document([], {}, egress)) == set()
		_waits(_document([], {}, egress)) == set()
	}
}

# semantics 6: intent internet: a violation when TCP 443 is admitted to no public network
test_intent_internet_needs_some_public_network if {
	_causes(_internet([estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})])) == set()
	_causes(_internet([estate.tcp(443, {"ipv4_cidrs": ["0.0.0.0/1"]})])) == set()
	_causes(_internet([estate.tcp(443, {"ipv4_cidrs": ["93.184.216.0/24"]})])) == set()
	blocked := [
		[estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"]})],
		[estate.tcp(80, {"ipv4_cidrs": ["0.0.0.0/0"]})],
		[estate.tcp(443, {"ipv6_cidrs": ["::/0"]})],
		[estate.rule({"group_ids": ["sg-e"]})],
		[estate.rule({"protocol": "udp", "ipv4_cidrs": ["0.0.0.0/0"]})],
		[],
	]
	every egress in blocked {
		_causes(_internet(egress)) == {"no_https_to_internet"}
	}
	_causes(estate.behind_nat(_internet([]))) == {"no_https_to_internet"}
	own := {"vpcs": [estate.vpc({"ipv4_cidrs": ["93.184.0.0/16"]})]}
	_causes(object.union(
		_internet([estate.tcp(443, {"ipv4_cidrs": ["93.184.216.0/24"]})]),
		own,
	)) == {"no_https_to_internet"}
}

# an allow-list passes, and people are told
test_an_allow_list_is_noted if {
	document := _internet([estate.tcp(443, {"ipv4_cidrs": ["93.184.216.0/24", "10.0.0.0/8"]})])
	notes := rule.notes with input as document
	notes == {"orders": "This is an allow-list: of the internet, TCP 443 gets out to 93.184.216.0/24 alone."}
	rule.notes == {} with input as _internet([estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})])
	rule.notes == {} with input as _internet([])
}

# the union over all groups of the function
test_intent_internet_over_two_groups if {
	function := fixtures.function(
		"orders",
		["a1", "b1"],
		{"security_group_ids": ["sg-f", "sg-2"], "tags": fixtures.tags({"vpcguard:egress": "internet"})},
	)
	document := object.union(_document([], {}, []), {"functions": [function], "security_groups": [
		object.union(_group([]), {"group_name": "default"}),
		estate.group("sg-2", {"egress": [estate.tcp(443, {"ipv4_cidrs": ["93.184.216.0/24"]})]}),
	]})
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	closed := object.union(
		document,
		{"security_groups": [document.security_groups[0], object.union(estate.group("sg-2", {}), {"group_name": "two"})]},
	)
	[[v.message, v.advice] | some v in rule.deny] == [[
		concat(" ", [
			"orders: its security groups sg-2 and sg-f (the VPC's default group) let TCP 443 out to no public network, and the",
			"function is declared to need the internet.",
		]),
		"Give one of these groups an egress rule for TCP 443 to 0.0.0.0/0.",
	]] with input as closed
}

test_intent_internet_over_a_prefix_list if {
	document := _internet([estate.rule({"prefix_list_ids": ["pl-1"]})])
	_causes(object.union(document, {"prefix_lists": [{"id": "pl-1", "cidrs": ["0.0.0.0/0"]}]})) == set()
	_causes(object.union(
		document,
		{"prefix_lists": [{"id": "pl-1", "cidrs": ["10.0.0.0/8"]}]},
	)) == {"no_https_to_internet"}
	unread := fixtures.denied(document, {"prefix_list_entries": "ec2:GetManagedPrefixListEntries"})
	_causes(unread) == set()
	_waits(unread) == {"ec2:GetManagedPrefixListEntries"}
}

# semantics 6: prefix lists of gateway endpoints are no public network; whose list it is must be known
test_intent_internet_over_the_list_of_a_gateway_endpoint if {
	list := {"id": "pl-s3", "name": "com.amazonaws.eu-west-1.s3", "owner_id": "AWS", "cidrs": ["52.218.0.0/17"]}
	document := _internet([estate.rule({"prefix_list_ids": ["pl-s3"]})])
	_causes(object.union(document, {"prefix_lists": [list]})) == {"no_https_to_internet"}
	nameless := object.union(document, {"prefix_lists": [object.remove(list, ["name"])]})
	_causes(nameless) == set()
	unread := fixtures.denied(nameless, {"prefix_lists": "ec2:DescribeManagedPrefixLists"})
	_causes(unread) == set()
	_waits(unread) == {"ec2:DescribeManagedPrefixLists"}
	partners := object.union(list, {"name": "partners", "owner_id": "111122223333"})
	named := fixtures.denied(
		object.union(document, {"prefix_lists": [partners]}),
		{"prefix_lists": "ec2:DescribeManagedPrefixLists"},
	)
	_waits(named) == set()
}

# domain 10.15: a group of another VPC proves nothing
test_unknown_where_a_group_of_another_vpc_decides if {
	foreign := object.union(_group([estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})]), {"vpc_id": "vpc-2"})
	document := object.union(_internet([]), {"security_groups": [foreign]})
	_causes(document) == set()
	_waits(document) == {"sg-f"}
	_waits(object.union(_document([], {}, []), {"security_groups": [foreign]})) == {"sg-f"}
}

# semantics 3: where the way out is IPv6, groups are judged for ::/0
test_an_ipv6_way_out_needs_ipv6 if {
	ipv4 := [estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})]
	_causes(_over_ipv6(["sqs:*"], {}, ipv4)) == {"no_https_to_services"}
	_causes(_over_ipv6([], {"vpcguard:egress": "internet"}, ipv4)) == {"no_https_to_internet"}
	_causes(_over_ipv6(["sqs:*"], {"vpcguard:egress": "aws"}, ipv4)) == {"no_https_to_services"}
	{contains(v.advice, "TCP 443 to ::/0.") |
		some v in rule.deny
	} == {true} with input as _over_ipv6(["sqs:*"], {}, ipv4)
	ipv6 := [estate.rule({"ipv6_cidrs": ["::/0"]})]
	every tags in [{}, {"vpcguard:egress": "internet"}, {"vpcguard:egress": "aws"}] {
		_causes(_over_ipv6(["sqs:*"], tags, ipv6)) == set()
		_waits(_over_ipv6(["sqs:*"], tags, ipv6)) == set()
	}
	_causes(_over_ipv6([], {}, [estate.rule({"ipv6_cidrs": ["::1/128"]})])) == {"nothing_out"}
	_causes(_over_ipv6([], {}, [estate.rule({"ipv6_cidrs": ["2001:db8::/64"]})])) == set()
}

# an unread gateway may make the way out one over IPv6
test_unknown_over_which_family_it_gets_out if {
	unread := {"egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways"}
	internet := {"vpcguard:egress": "internet"}
	ipv4 := [estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})]
	every document in [_over_ipv6([], internet, ipv4), _over_ipv6(["sqs:*"], {}, ipv4)] {
		gone := fixtures.denied(object.union(document, {"egress_only_internet_gateways": []}), unread)
		_causes(gone) == set()
		_waits(gone) == {"ec2:DescribeEgressOnlyInternetGateways"}
	}
	both := [estate.rule({"ipv4_cidrs": ["0.0.0.0/0"], "ipv6_cidrs": ["::/0"]})]
	_waits(fixtures.denied(_over_ipv6([], internet, both), unread)) == set()

	# beside the way over IPv6 an unread NAT gateway may make another
	both_ways := [estate.route("ipv6", "::/0", "egress_only_internet_gateway", "eigw-1"), estate.to_nat]
	unnamed := object.union(estate.leaving(_over_ipv6([], internet, ipv4), both_ways), {"nat_gateways": []})
	beside := fixtures.denied(unnamed, {"nat_gateways": "ec2:DescribeNatGateways"})
	_causes(beside) == set()
	_waits(beside) == {"ec2:DescribeNatGateways"}

	# a subnet that nobody saw may have IPv6, and no other way
	hidden := object.union(_over_ipv6(["sqs:*"], {}, ipv4), {"subnets": []})
	"ec2:DescribeSubnets" in _waits(fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"}))
}

# semantics 6: aws: per needed service, 443 to the groups or addresses of its interface endpoint
test_intent_aws_needs_the_interface_endpoint if {
	_causes(_aws([estate.tcp(443, {"group_ids": ["sg-e"]})])) == set()
	_causes(_aws([estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/16"]})])) == set()
	_causes(_aws([estate.rule({"group_ids": ["sg-other"]})])) == {"no_https_to_services"}
	_causes(_aws([estate.tcp(443, {"ipv4_cidrs": ["192.168.0.0/16"]})])) == {"no_https_to_services"}
	_causes(_aws([estate.tcp(80, {"group_ids": ["sg-e"]})])) == {"no_https_to_services"}
	_causes(_aws([])) == {"nothing_out"}
}

# its address may be in the one subnet or the other
test_intent_aws_unknown_where_some_addresses_are_admitted if {
	document := _aws([estate.tcp(443, {"ipv4_cidrs": ["10.0.1.0/25"]})])
	_causes(document) == set()
	_waits(document) == {"vpce-1"}
}

test_intent_aws_unknown_where_a_subnet_of_the_endpoint_is_unread if {
	base := _aws([estate.tcp(443, {"ipv4_cidrs": ["10.0.1.0/24"]})])
	document := fixtures.denied(
		object.union(base, {"vpc_endpoints": [estate.interface("vpce-1", "sqs", {"subnet_ids": ["a1", "hidden"]})]}),
		{"subnets": "ec2:DescribeSubnets"},
	)
	_causes(document) == set()
	_waits(document) == {"ec2:DescribeSubnets"}
}

# semantics 6: or the prefix list of its gateway endpoint
test_intent_aws_needs_the_prefix_list_of_the_gateway_endpoint if {
	_causes(_s3([estate.tcp(443, {"prefix_list_ids": ["pl-s3"]})], "com.amazonaws.eu-west-1.s3")) == set()
	_causes(_s3([estate.tcp(443, {"ipv4_cidrs": ["52.218.0.0/16"]})], "com.amazonaws.eu-west-1.s3")) == set()
	_causes(_s3(
		[estate.tcp(443, {"prefix_list_ids": ["pl-other"]})],
		"com.amazonaws.eu-west-1.s3",
	)) == {"no_https_to_services"}
	_causes(_s3(
		[estate.tcp(443, {"ipv4_cidrs": ["52.218.0.0/24"]})],
		"com.amazonaws.eu-west-1.s3",
	)) == {"no_https_to_services"}

	# the route names the list, whatever its name
	_causes(_s3([estate.tcp(443, {"prefix_list_ids": ["pl-s3"]})], "")) == set()
}

test_intent_aws_unknown_while_the_gateway_endpoints_list_is_unread if {
	document := fixtures.denied(
		object.union(_s3([estate.tcp(443, {"ipv4_cidrs": ["52.218.0.0/16"]})], ""), {"prefix_lists": []}),
		{"prefix_lists": "ec2:DescribeManagedPrefixLists", "prefix_list_entries": "ec2:GetManagedPrefixListEntries"},
	)
	_causes(document) == set()
	_waits(document) == {"ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"}
}

# semantics 6: else to 0.0.0.0/0
test_intent_aws_without_an_endpoint_needs_all_of_the_internet if {
	_causes(object.union(_aws([estate.tcp(443, {"ipv4_cidrs": ["0.0.0.0/0"]})]), {"vpc_endpoints": []})) == set()
	_causes(object.union(
		_aws([estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/8"]})]),
		{"vpc_endpoints": []},
	)) == {"no_https_to_services"}
}

test_intent_aws_names_the_services_and_their_basis if {
	document := _aws([estate.tcp(443, {"ipv4_cidrs": ["192.168.0.0/16"]})])
	{[v.evidence.services, v.basis] | some v in rule.deny} == {[{"sqs"}, "inferred"]} with input as document
	declared := object.union(document, {"functions": [fixtures.function("orders", ["a1", "b1"], {"tags": fixtures.tags({
		"vpcguard:egress": "aws",
		"vpcguard:services": "sqs,kms",
	})})]})
	{[v.evidence.services, v.basis] | some v in rule.deny} == {[{"sqs", "kms"}, "declared"]} with input as declared
}

test_intent_aws_unknown_while_endpoints_or_needs_are_unread if {
	document := _aws([estate.tcp(443, {"ipv4_cidrs": ["192.168.0.0/16"]})])
	endpoints := fixtures.denied(
		object.union(document, {"vpc_endpoints": []}),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	_causes(endpoints) == set()
	_waits(endpoints) == {"ec2:DescribeVpcEndpoints"}
	role := fixtures.denied(object.union(document, {"roles": []}), {"roles": "iam:GetRole"})
	_causes(role) == set()
	_waits(role) == {"iam:GetRole"}
	partial := fixtures.denied(document, {"roles": "iam:GetPolicyVersion"})
	_causes(partial) == set()
	_waits(partial) == {"iam:GetPolicyVersion"}
}

test_intent_aws_unknown_which_endpoint_of_a_service_is_used if {
	document := object.union(_aws([estate.tcp(443, {"group_ids": ["sg-e"]})]), {
		"vpc_endpoints": [estate.interface("vpce-1", "runtime-v2-lex", {})],
		"roles": [estate.role([estate.statement("Allow", {"actions": ["lex:*"]})])],
	})
	_causes(document) == set()
	_waits(document) == {"lex"}
	_causes(object.union(document, {"vpc_endpoints": []})) == {"no_https_to_services"}
}

test_intent_aws_without_a_need_is_satisfied if {
	document := object.union(_aws([estate.tcp(443, {"ipv4_cidrs": ["192.168.0.0/16"]})]), {"roles": [estate.role([])]})
	rule.applies == {"orders"} with input as document
	_causes(document) == set()
	_waits(document) == set()
}

# semantics 6: undeclared: nothing useful gets out, or a need is inferred and its destination is not admitted
test_undeclared_needs_the_way_to_what_it_calls if {
	_causes(_document(["sqs:*"], {}, [estate.tcp(5432, {"ipv4_cidrs": ["10.0.0.0/8"]})])) == {"no_https_to_services"}
	_causes(_document(["sqs:*"], {}, [estate.tcp(443, {"group_ids": ["sg-e"]})])) == {"no_https_to_services"}
	_causes(_document(["sqs:*"], {}, [estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})])) == set()
	{v.basis | some v in rule.deny} == {"inferred"} with input as _document(
		["sqs:*"],
		{},
		[estate.tcp(22, {"ipv4_cidrs": ["10.0.0.0/8"]})],
	)
	endpoint := {"vpc_endpoints": [estate.interface("vpce-1", "sqs", {})]}
	_causes(object.union(_document(["sqs:*"], {}, [estate.tcp(443, {"group_ids": ["sg-e"]})]), endpoint)) == set()
}

# S3 is reached through its gateway endpoint, whose addresses are in no group
test_undeclared_with_a_group_for_endpoints_and_s3_behind_a_gateway if {
	document := object.union(
		_document(["sqs:*", "s3:*"], {}, [estate.tcp(443, {"group_ids": ["sg-e"]})]),
		{
			"vpc_endpoints": [estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"]), estate.interface("vpce-1", "sqs", {})],
			"prefix_lists": [{
				"id": "pl-s3",
				"name": "com.amazonaws.eu-west-1.s3",
				"owner_id": "AWS",
				"cidrs": ["52.218.0.0/17"],
			}],
		},
	)
	{[v.message, v.evidence.services, v.root_causes] | some v in rule.deny} == {[
		"orders: its security group sg-f lets no TCP 443 out to s3, which the function needs.",
		{"s3"},
		{"sg-f"},
	]} with input as document
}

# its private DNS is off: the name leads to the internet, or to the gateway endpoint
test_an_endpoint_that_no_name_leads_to_is_passed_by_where_there_is_another_way if {
	off := {"private_dns_enabled": false}
	within := [estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/16"]})]
	sqs := object.union(_document(["sqs:*"], {}, within), {"vpc_endpoints": [estate.interface("vpce-1", "sqs", off)]})
	_causes(estate.behind_nat(sqs)) == {"no_https_to_services"}
	_causes(sqs) == set()
	gateway := estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"])
	beside := {"vpc_endpoints": [gateway, estate.interface("vpce-1", "s3", off)]}
	_causes(object.union(_s3(within, "com.amazonaws.eu-west-1.s3"), beside)) == {"no_https_to_services"}
	listed := [estate.tcp(443, {"prefix_list_ids": ["pl-s3"]})]
	_causes(object.union(_s3(listed, "com.amazonaws.eu-west-1.s3"), beside)) == set()
}

# AWS's list holds the service's addresses, whatever way leads to them; an endpoint that takes the name has others
test_the_list_of_a_service_is_enough_without_a_gateway_endpoint if {
	listed := [estate.tcp(443, {"prefix_list_ids": ["pl-s3"]})]
	found := object.union(_s3(listed, "com.amazonaws.eu-west-1.s3"), {"vpc_endpoints": []})
	_causes(estate.behind_nat(found)) == set()
	taken := object.union(found, {"vpc_endpoints": [estate.interface("vpce-1", "s3", {})]})
	_causes(estate.behind_nat(taken)) == {"no_https_to_services"}
}

test_the_group_of_the_endpoint_is_named if {
	document := _aws([estate.rule({"group_ids": ["sg-other"]})])
	{contains(v.advice, "TCP 443 to group sg-e.") | some v in rule.deny} == {true} with input as document
}

# endpoints of another VPC answer where the configuration says so, else nobody knows
test_central_endpoints_are_behind_private_networks if {
	private := [estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/8"]})]
	leaving := estate.leaving(
		_document(["sqs:*"], {"vpcguard:egress": "aws"}, private),
		[estate.route("ipv4", "10.0.0.0/8", "transit_gateway", "tgw-1")],
	)
	_causes(leaving) == set()
	_waits(leaving) == {"tgw-1"}
	said := object.union(leaving, {"config": {"version": 1, "central_endpoints": ["sqs"]}})
	_causes(said) == set()
	_waits(said) == set()
	unread := fixtures.denied(object.union(said, {"vpcs": []}), {"vpcs": "ec2:DescribeVpcs"})
	_causes(unread) == set()
	_waits(unread) == {"ec2:DescribeVpcs"}
	own := estate.leaving(
		_document(["sqs:*"], {"vpcguard:egress": "aws"}, [estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/16"]})]),
		[estate.route("ipv4", "10.0.0.0/8", "transit_gateway", "tgw-1")],
	)
	_causes(own) == {"no_https_to_services"}
}

test_undeclared_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(
		_document([], {}, [estate.tcp(22, {"ipv4_cidrs": ["10.0.0.0/8"]})]),
		{"roles": "iam:GetRole"},
	)
	_causes(document) == set()
	_waits(document) == {"iam:GetRole"}
}

test_not_applicable_to_intent_none if {
	document := _document([], {"vpcguard:egress": "none"}, [])
	rule.applies == set() with input as document
	_causes(document) == set()
	_waits(document) == set()
}

# semantics 1: a group proven missing is left out; where nothing remains, the rule does not apply
test_a_missing_group_is_left_out if {
	gone := object.union(_document([], {}, []), {"security_groups": []})
	rule.applies == set() with input as gone
	_causes(gone) == set()
	beside := object.union(
		_document([], {}, []),
		{"functions": [fixtures.function("orders", ["a1", "b1"], {"security_group_ids": ["sg-f", "sg-gone"]})]},
	)
	_causes(beside) == {"nothing_out"}
	without_subnets := object.union(_document([], {}, []), {"functions": [fixtures.function("orders", ["gone"], {})]})
	rule.applies == set() with input as without_subnets
}

# a group that nobody read may let it out; what was seen to let it out is enough
test_unknown_while_a_group_is_unread if {
	function := fixtures.function("orders", ["a1", "b1"], {"security_group_ids": ["sg-f", "sg-hidden"]})
	hidden := fixtures.denied(
		object.union(_document([], {}, []), {"functions": [function]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	_causes(hidden) == set()
	_waits(hidden) == {"ec2:DescribeSecurityGroups"}
	open := object.union(hidden, {"security_groups": [_group([estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})])]})
	_waits(open) == set()
	all_hidden := object.union(hidden, {"security_groups": []})
	_waits(all_hidden) == {"ec2:DescribeSecurityGroups"}
}

# semantics 1: only verdicts that differ between the possible intents are unknown
test_unknown_where_unread_tags_decide if {
	document := fixtures.denied(
		_document([], {}, [estate.tcp(443, {"ipv4_cidrs": ["10.0.0.0/8"]})]),
		{"function_tags": "tag:GetResources"},
	)
	_causes(document) == set()
	_waits(document) == {"tag:GetResources"}
	open := fixtures.denied(
		_document([], {}, [estate.rule({"ipv4_cidrs": ["0.0.0.0/0"]})]),
		{"function_tags": "tag:GetResources"},
	)
	_waits(open) == set()
	nothing := fixtures.denied(_document([], {}, []), {"function_tags": "tag:GetResources"})
	_causes(nothing) == set()
	_waits(nothing) == {"tag:GetResources"}
}

_causes(document) := {v.evidence.cause | some v in denied} if {
	# regal ignore:with-outside-test-context
	denied := rule.deny with input as document
}

_waits(document) := {one.waits[_].name | some one in unknowns} if {
	# regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document
}

_internet(egress) := _document([], {"vpcguard:egress": "internet"}, egress)

# behind an egress-only gateway, and nothing for IPv4
_over_ipv6(actions, tags, egress) := estate.tagged(
	estate.document(actions, {
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
		"security_groups": [_group(egress)],
	}),
	tags,
)

_aws(egress) := object.union(
	_document(["sqs:SendMessage"], {"vpcguard:egress": "aws"}, egress),
	{"vpc_endpoints": [estate.interface("vpce-1", "sqs", {})]},
)

_s3(egress, list_name) := object.union(_document(["s3:*"], {"vpcguard:egress": "aws"}, egress), {
	"vpc_endpoints": [estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"])],
	"route_tables": [
		estate.table("rtb-a", ["a1"], [estate.route("prefix_list", "pl-s3", "vpc_endpoint", "vpce-g")]),
		estate.table("rtb-b", ["b1"], []),
	],
	"prefix_lists": [{"id": "pl-s3", "name": list_name, "owner_id": "AWS", "cidrs": ["52.218.0.0/17", "2a05:d07a::/40"]}],
})

_group(egress) := estate.group("sg-f", {"egress": egress})

_document(actions, tags, egress) := estate.tagged(estate.document(actions, {"security_groups": [_group(egress)]}), tags)
