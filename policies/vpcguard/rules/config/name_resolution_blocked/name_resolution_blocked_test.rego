package vpcguard.rules.config.name_resolution_blocked_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.name_resolution_blocked as rule

test_deny_where_dns_support_is_off if {
	violations := rule.deny with input as _amazons({"dns_support": false})
	violations == {{
		"function": "orders",
		"message": "orders resolves no names: DNS support of vpc-1 is off, and its DHCP options name no other servers.",
		"advice": "Turn DNS support (enableDnsSupport) of vpc-1 on.",
		"evidence": {"vpc_id": "vpc-1", "cause": "dns_support_disabled", "name_servers": set(), "shut": []},
		"root_causes": {"vpc-1"},
	}}
}

# Amazon's resolver needs no rule
test_allow_where_amazons_resolver_answers if {
	shut := {"security_groups": [_group([])], "network_acls": [_acl([])]}
	document := object.union(_amazons({"dns_support": true}), shut)
	_verdict(document) == [set(), set()]
	rule.applies == {"orders"} with input as document
	beside := object.union(document, {"vpcs": [_vpc({"dns_support": true, "name_servers": ["10.0.9.53", "10.0.0.2"]})]})
	_verdict(beside) == [set(), set()]
}

test_deny_where_no_group_lets_port_53_out if {
	violations := rule.deny with input as _own([estate.tcp(443, _anywhere)], _open)
	violations == {{
		"function": "orders",
		"message": concat(" ", [
			"orders resolves no names from a1 (eu-west-1a) and b1 (eu-west-1b): sg-f does not let port 53 through to",
			"the VPC's own name server 10.0.9.53.",
		]),
		"advice": "Give this group egress rules for UDP and TCP 53 to the VPC's name servers.",
		"evidence": {
			"vpc_id": "vpc-1",
			"cause": "name_servers_shut_off",
			"name_servers": {"10.0.9.53"},
			"shut": [
				{"subnet_id": "a1", "cause": "security_groups"},
				{"subnet_id": "b1", "cause": "security_groups"},
			],
		},
		"root_causes": {"sg-f"},
	}}
}

test_allow_where_a_group_lets_port_53_out if {
	every rules in [
		[estate.rule(_anywhere)],
		[estate.tcp(53, {"ipv4_cidrs": ["10.0.0.0/16"]})],
		[estate.rule({"protocol": "17", "from_port": 0, "to_port": 65535, "ipv4_cidrs": ["10.0.9.53/32"]})],
		[estate.tcp(53, {"prefix_list_ids": ["pl-1"]})],
	] {
		document := object.union(_own(rules, _open), {"prefix_lists": [{"id": "pl-1", "cidrs": ["10.0.9.0/24"]}]})
		_verdict(document) == [set(), set()]
	}
}

test_deny_where_the_acl_shuts_them_off if {
	denied_out := array.concat([_entry(true, 50, "deny", {"protocol": "-1", "ipv4_cidr": "10.0.9.0/24"})], _open)
	denied_back := array.concat([_entry(false, 50, "deny", {"protocol": "-1", "ipv4_cidr": "10.0.9.0/24"})], _open)
	https_alone := [
		_entry(true, 100, "allow", {"protocol": "6", "from_port": 443, "to_port": 443}),
		_entry(false, 100, "allow", {"protocol": "6", "from_port": 1024, "to_port": 65535}),
	]
	every entries in [denied_out, denied_back, https_alone] {
		{[v.root_causes, v.evidence.shut[0].cause] | some v in rule.deny} == {[
			{"acl-1"},
			"network_acl",
		]} with input as _own([estate.rule(_anywhere)], entries)
	}
}

# what would be shut by both is ended by none alone, and Amazon's resolver may do in its place
test_of_two_that_shut_them_off_none_is_the_cause if {
	{[v.root_causes, v.evidence.shut[0].cause] | some v in rule.deny} == {[
		set(),
		"security_groups",
	]} with input as _own([], [])
	named := {"name_servers": ["10.0.9.53", "AmazonProvidedDNS"], "dns_support": false}
	document := object.union(_own([], []), {"vpcs": [_vpc(named)]})
	{v.root_causes | some v in rule.deny} == {{"vpc-1"}} with input as document
}

test_allow_where_the_acl_lets_questions_out_and_answers_back if {
	some_back := [
		_entry(true, 100, "allow", {"protocol": "17", "from_port": 53, "to_port": 53}),
		_entry(false, 100, "allow", {"protocol": "17", "from_port": 32768, "to_port": 61000}),
		_entry(false, 200, "deny", {"protocol": "-1"}),
	]
	_verdict(_own([estate.rule(_anywhere)], some_back)) == [set(), set()]
}

# an ACL is passed on the way out of a subnet
test_allow_a_server_in_the_subnet_itself_whatever_the_acl if {
	document := object.union(_own([estate.rule(_anywhere)], []), {
		"functions": [fixtures.function("orders", ["a1"], {})],
		"vpcs": [_vpc({"name_servers": ["10.0.1.53"]})],
	})
	_verdict(document) == [set(), set()]
}

test_unknown_where_the_server_may_be_in_a_group if {
	document := _own([estate.tcp(53, {"group_ids": ["sg-dns"]})], _open)
	_verdict(document) == [set(), {"sg-dns"}]
}

test_unknown_what_it_rests_on_was_not_read if {
	shut := _own([], _open)
	unread := fixtures.denied(object.union(shut, {"network_acls": []}), {"network_acls": "ec2:DescribeNetworkAcls"})
	_verdict(unread) == [{"orders"}, set()]
	open := _own([estate.rule(_anywhere)], _open)
	no_acl := fixtures.denied(object.union(open, {"network_acls": []}), {"network_acls": "ec2:DescribeNetworkAcls"})
	_verdict(no_acl) == [set(), {"ec2:DescribeNetworkAcls"}]
	listed := _own([estate.tcp(53, {"prefix_list_ids": ["pl-1"]})], _open)
	no_list := fixtures.denied(listed, {"prefix_list_entries": "ec2:GetManagedPrefixListEntries"})
	_verdict(no_list) == [set(), {"ec2:GetManagedPrefixListEntries"}]
	groups := object.union(open, {"security_groups": []})
	no_group := fixtures.denied(groups, {"security_groups": "ec2:DescribeSecurityGroups"})
	_verdict(no_group) == [set(), {"ec2:DescribeSecurityGroups"}]
}

test_unknown_where_attributes_or_options_were_not_read if {
	attributes := {"vpc_attributes": "ec2:DescribeVpcAttribute"}
	_verdict(fixtures.denied(_amazons({}), attributes)) == [set(), {"ec2:DescribeVpcAttribute"}]
	options := {"dhcp_options": "ec2:DescribeDhcpOptions"}
	without := object.union(_amazons({}), {"vpcs": [object.remove(_vpc({"dns_support": true}), ["name_servers"])]})
	_verdict(fixtures.denied(without, options)) == [set(), {"ec2:DescribeDhcpOptions"}]
}

# a file that is older than the read: left out on purpose, so that nothing is said
test_nothing_is_asked_of_a_file_that_is_older_than_the_read if {
	without := object.union(_amazons({}), {"vpcs": [object.remove(_vpc({}), ["name_servers"])]})
	denied := fixtures.denied(without, {"vpc_attributes": "ec2:DescribeVpcAttribute"})
	left_out := fixtures.not_requested(denied, {"dhcp_options": "ec2:DescribeDhcpOptions"})
	{wait.status | some one in rule.unknown; some wait in one.waits} == {"not_requested"} with input as left_out
}

# another rule reports the group
test_allow_where_no_group_is_left if {
	_verdict(object.union(_own([], _open), {"security_groups": []})) == [set(), set()]
}

test_not_applicable_without_a_subnet_left if {
	rule.applies == set() with input as object.union(_own([], _open), {"subnets": []})
}

_anywhere := {"ipv4_cidrs": ["0.0.0.0/0"]}

_open := [_entry(is_egress, 100, "allow", {"protocol": "-1"}) | some is_egress in [true, false]]

_entry(is_egress, number, action, more) := object.union(
	{"is_egress": is_egress, "rule_number": number, "action": action, "ipv4_cidr": "0.0.0.0/0"},
	more,
)

_acl(entries) := {
	"id": "acl-1",
	"vpc_id": "vpc-1",
	"is_default": true,
	"subnet_ids": ["a1", "b1"],
	"entries": entries,
}

_group(egress) := estate.group("sg-f", {"egress": egress})

_vpc(more) := estate.vpc(object.union({"name_servers": ["AmazonProvidedDNS"]}, more))

_amazons(more) := estate.document([], {"vpcs": [_vpc(more)]})

_own(egress, entries) := estate.document([], {
	"vpcs": [_vpc({"name_servers": ["10.0.9.53"]})],
	"security_groups": [_group(egress)],
	"network_acls": [_acl(entries)],
})

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
