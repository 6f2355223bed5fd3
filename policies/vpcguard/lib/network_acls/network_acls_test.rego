package vpcguard.lib.network_acls_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.network_acls

# semantics 6: rules count by number, not by position
test_rules_count_by_number if {
	_blocks([_egress(200, "allow", {}), _egress(100, "deny", {})]) == {"out"}
	_blocks([_egress(200, "deny", {}), _egress(100, "allow", {})]) == set()
}

# semantics 6: a deny of a smaller network is no violation
test_a_deny_of_a_smaller_network_changes_nothing if {
	_blocks([_egress(100, "deny", {"ipv4_cidr": "10.0.0.0/8"}), _egress(200, "allow", {})]) == set()
	halves := [_egress(100, "deny", {"ipv4_cidr": "0.0.0.0/1"}), _egress(110, "deny", {"ipv4_cidr": "128.0.0.0/1"})]
	_blocks(array.concat(halves, [_egress(200, "allow", {})])) == {"out"}
}

test_two_halves_allow_the_whole if {
	halves := [_egress(100, "allow", {"ipv4_cidr": "0.0.0.0/1"}), _egress(110, "allow", {"ipv4_cidr": "128.0.0.0/1"})]
	_blocks(halves) == set()
	_blocks([halves[0]]) == {"out"}
}

test_nothing_is_allowed_that_no_rule_allows if {
	_blocks([]) == {"out"}
}

test_protocols_and_ports if {
	allowing := [
		[{"protocol": "-1"}, set()],
		[{"protocol": "6"}, set()],
		[{"protocol": "tcp", "from_port": 443, "to_port": 443}, set()],
		[{"protocol": "6", "from_port": 0, "to_port": 65535}, set()],
		[{"protocol": "6", "from_port": 80, "to_port": 442}, {"out"}],
		[{"protocol": "6", "from_port": 444, "to_port": 500}, {"out"}],
		[{"protocol": "17"}, {"out"}],
		[{"protocol": "1"}, {"out"}],
	]
	every case in allowing {
		_blocks([object.union(_egress(100, "allow", {}), case[0])]) == case[1]
	}
}

test_ipv6_rules_are_another_matter if {
	_blocks([object.remove(object.union(_egress(100, "allow", {}), {"ipv6_cidr": "::/0"}), ["ipv4_cidr"])]) == {"out"}
	_blocks([_egress(100, "deny", {"ipv4_cidr": "nonsense"}), _egress(200, "allow", {})]) == set()
}

test_ipv6_is_asked_about_for_itself if {
	entries := [
		object.union(object.remove(_egress(100, "allow", {}), ["ipv4_cidr"]), {"ipv6_cidr": "::/0"}),
		object.union(object.remove(_ingress(100, "allow", {"protocol": "6"}), ["ipv4_cidr"]), {"ipv6_cidr": "::/0"}),
	]
	network_acls.blocks("acl-1", "::/0") == set() with input as _document(entries)
	network_acls.blocks("acl-1", "0.0.0.0/0") == {"out", "back"} with input as _document(entries)
	network_acls.blocks("acl-1", "::/0") == {"out", "back"} with input as _document([_egress(100, "allow", {})])
}

test_clients_of_a_nat_come_in_and_are_answered if {
	entries := [
		_ingress(100, "allow", {"protocol": "6", "from_port": 443, "to_port": 443, "ipv4_cidr": "10.0.0.0/16"}),
		_egress(100, "allow", {"protocol": "6", "from_port": 1024, "to_port": 65535, "ipv4_cidr": "10.0.0.0/16"}),
	]
	network_acls.blocks_clients("acl-1", "10.0.1.0/24") == set() with input as _document(entries)
	network_acls.blocks_clients("acl-1", "10.1.1.0/24") == {"in", "return"} with input as _document(entries)
	network_acls.blocks_clients("acl-1", "10.0.1.0/24") == {"return"} with input as _document([entries[0]])
	open := _document([_egress(100, "allow", {}), _ingress(100, "allow", {})])
	network_acls.blocks_clients("acl-1", "10.0.1.0/24") == set() with input as open
}

test_the_default_acl_is_named_as_such if {
	network_acls.shown("acl-1") == "acl-1" with input as _document([])
	document := _document([])
	acl := object.union(document.network_acls[0], {"is_default": true})
	shown := network_acls.shown("acl-1") with input as object.union(document, {"network_acls": [acl]})
	shown == "acl-1 (the VPC's default ACL)"
}

test_every_port_of_the_answers_counts if {
	low := {"protocol": "6", "from_port": 1024, "to_port": 32767}
	high := {"protocol": "6", "from_port": 32768, "to_port": 65535}
	_back([_ingress(100, "allow", low), _ingress(110, "allow", high)]) == set()
	_back([_ingress(100, "allow", low)]) == {"back"}
	_back([_ingress(100, "allow", high)]) == {"back"}
	hole := {"protocol": "6", "from_port": 3389, "to_port": 3389}
	_back([_ingress(100, "deny", hole), _ingress(110, "allow", {})]) == {"back"}
	_back([_ingress(110, "deny", hole), _ingress(100, "allow", {})]) == set()
	_back([
		_ingress(100, "deny", {"protocol": "6", "from_port": 22, "to_port": 1023}),
		_ingress(110, "allow", {}),
	]) == set()
}

# a network that a smaller one lies in is allowed and denied with it
test_a_smaller_network_is_asked_about_as_a_whole if {
	entries := array.concat([_egress(100, "allow", {"ipv4_cidr": "10.0.0.0/8"}), _egress(110, "deny", {})], _answers)
	network_acls.blocks("acl-1", "10.1.0.0/24") == set() with input as _document(entries)
	network_acls.blocks("acl-1", "11.0.0.0/24") == {"out"} with input as _document(entries)
	denied := array.concat([_egress(90, "deny", {"ipv4_cidr": "10.0.0.0/9"})], entries)
	network_acls.blocks("acl-1", "10.1.0.0/24") == {"out"} with input as _document(denied)
}

test_open_until_something_is_denied if {
	open := [
		_egress(100, "allow", {}),
		_ingress(100, "allow", {}),
		_egress(32767, "deny", {}),
		_ingress(32767, "deny", {}),
	]
	network_acls.open_subnets.ipv4 == {"a1"} with input as _document(open)
	network_acls.open_subnets.ipv4 == set() with input as _document(array.concat(
		open,
		[_egress(50, "deny", {"ipv4_cidr": "10.0.0.0/8"})],
	))
	network_acls.open_subnets.ipv4 == set() with input as _document([_egress(100, "allow", {})])
	network_acls.open_subnets.ipv4 == set() with input as _document([
		_egress(100, "allow", {"protocol": "6"}),
		_ingress(100, "allow", {}),
	])
}

test_the_acl_of_a_subnet if {
	network_acls.of("a1") == "acl-1" with input as _document([])
	not network_acls.of("b1") with input as _document([])
	network_acls.waits("a1") == set() with input as _document([])
	{wait.reason | some wait in network_acls.waits("b1")} == {"no ACL of b1"} with input as _document([])
	unread := fixtures.denied(_document([]), {"network_acls": "ec2:DescribeNetworkAcls"})
	{wait.reason | some wait in network_acls.waits("b1")} == {"AccessDenied"} with input as unread
}

# answers that were read while AWS changed an association
test_a_subnet_with_two_acls_is_in_doubt_unless_both_are_open if {
	document := _document([])
	other := object.union(document.network_acls[0], {"id": "acl-2"})
	torn := object.union(document, {"network_acls": array.concat(document.network_acls, [other])})
	not network_acls.of("a1") with input as torn
	{wait.reason | some wait in network_acls.waits("a1")} == {"in acl-1 and acl-2 at once"} with input as torn
	network_acls.open_subnets.ipv4 == set() with input as torn
	open := _document([_egress(1, "allow", {}), _ingress(1, "allow", {})])
	both := array.concat(open.network_acls, [object.union(open.network_acls[0], {"id": "acl-2"})])
	network_acls.open_subnets.ipv4 == {"a1"} with input as object.union(open, {"network_acls": both})
	one := array.concat(open.network_acls, [other])
	network_acls.open_subnets.ipv4 == set() with input as object.union(open, {"network_acls": one})
}

_blocks(entries) := blocked if {
	# regal ignore:with-outside-test-context
	blocked := network_acls.blocks("acl-1", "0.0.0.0/0") with input as _document(array.concat(_answers, entries))
}

_back(entries) := blocked if {
	document := _document(array.concat([_egress(1, "allow", {})], entries))

	# regal ignore:with-outside-test-context
	blocked := network_acls.blocks("acl-1", "0.0.0.0/0") with input as document
}

# answers come back, though not from everything: such an ACL is never wide open
_answers := [_ingress(1, "allow", {"protocol": "6"})]

_egress(number, action, more) := object.union(_entry(number, action, more), {"is_egress": true})

_ingress(number, action, more) := object.union(_entry(number, action, more), {"is_egress": false})

_entry(number, action, more) := object.union(
	{"rule_number": number, "action": action, "protocol": "-1", "ipv4_cidr": "0.0.0.0/0"},
	more,
)

_document(entries) := fixtures.whole({
	"subnets": [fixtures.subnet("a1", "a"), fixtures.subnet("b1", "b")],
	"network_acls": [{
		"id": "acl-1",
		"vpc_id": "vpc-1",
		"is_default": false,
		"subnet_ids": ["a1"],
		"entries": entries,
	}],
})
