package vpcguard.lib.nat_instance_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.ways

test_works_over_a_nat_instance if {
	outcome := _outcome(_document({}))
	outcome.state == "works"
	outcome.hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "eni-1", "kind": "network_interface", "state": "likely"},
		{"id": "i-1", "kind": "instance", "state": "running"},
		{"id": "rtb-pub", "kind": "route_table", "state": "active"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	]
	outcome.nat_ids == set()
}

test_none_over_an_instance_that_is_not_running if {
	_short(_document({"instances": [_instance("stopped")]})) == ["none", "nat_instance_unusable", "i-1", set()]
	_short(_document({"instances": []})) == ["none", "nat_instance_unusable", "i-1", set()]
}

test_none_over_an_interface_that_checks if {
	_short(_document({"network_interfaces": [_interface({"source_dest_check": true})]})) == [
		"none",
		"nat_instance_unusable",
		"eni-1",
		set(),
	]
}

test_none_over_an_interface_that_is_gone if {
	_short(_document({"network_interfaces": []})) == ["none", "nat_instance_unusable", "eni-1", set()]
}

test_none_over_an_instance_without_way_out if {
	document := _document({"route_tables": _tables([])})
	_short(document) == ["none", "nat_instance_unusable", "rtb-pub", set()]
}

test_block_public_access_keeps_its_name if {
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	_short(_document({"subnets": [fixtures.subnet("app", "a"), blocked]})) == ["none", "block_public_access", "pub", set()]
}

test_unknown_where_a_condition_was_not_read if {
	denied := {"instances": "ec2:DescribeInstances"}
	_short(fixtures.denied(_document({"instances": []}), denied)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeInstances"]},
	]
	interfaces := {"network_interfaces": "ec2:DescribeNetworkInterfaces"}
	_short(fixtures.denied(_document({"network_interfaces": []}), interfaces)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeNetworkInterfaces"]},
	]
}

# one failed condition settles it
test_none_where_one_condition_failed_and_another_was_not_read if {
	document := _document({"network_interfaces": [], "instances": [_instance("stopped")]})
	_short(fixtures.denied(document, {"network_interfaces": "ec2:DescribeNetworkInterfaces"})) == [
		"none",
		"nat_instance_unusable",
		"i-1",
		set(),
	]
	unread := fixtures.denied(
		_document({"instances": [], "route_tables": _tables([])}),
		{"instances": "ec2:DescribeInstances"},
	)
	_short(unread) == ["none", "nat_instance_unusable", "rtb-pub", set()]
}

test_unknown_where_the_interface_tells_too_little if {
	checkless := object.remove(_interface({}), ["source_dest_check"])
	_short(_document({"network_interfaces": [checkless]})) == ["unknown", "", "", {["undecidable", "eni-1"]}]
	nowhere := object.remove(_interface({}), ["subnet_id"])
	_short(_document({"network_interfaces": [nowhere]})) == ["unknown", "", "", {["undecidable", "eni-1"]}]
}

test_unknown_over_an_interface_of_no_instance if {
	document := _document({
		"network_interfaces": [object.remove(_interface({}), ["instance_id"])],
		"route_tables": [
			fixtures.table("rtb-app", ["app"], [fixtures.to("network_interface", "eni-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	})
	_short(document) == ["unknown", "", "", {["opaque", "eni-1"]}]
}

test_the_route_names_the_instance_where_the_interface_does_not if {
	_short(_document({"network_interfaces": [object.remove(_interface({}), ["instance_id"])]})) == ["works", "", "", set()]
}

_document(parts) := fixtures.estate(object.union(
	{
		"route_tables": _tables([fixtures.to("internet_gateway", "igw-1")]),
		"network_interfaces": [_interface({})],
		"instances": [_instance("running")],
	},
	parts,
))

_tables(pub) := fixtures.tables([object.union(fixtures.to("network_interface", "eni-1"), {"instance_id": "i-1"})], pub)

_interface(more) := object.union(
	{
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"subnet_id": "pub",
		"security_group_ids": [],
		"interface_type": "interface",
		"is_lambda": false,
		"source_dest_check": false,
		"instance_id": "i-1",
	},
	more,
)

_instance(state) := {"id": "i-1", "vpc_id": "vpc-1", "subnet_id": "pub", "state": state}

_outcome(document) := outcome if {
	some outcomes in ways.ipv4 with input as document # regal ignore:with-outside-test-context
	outcome := outcomes.app
}

_short(document) := [outcome.state, outcome.cause, outcome.root, waits] if {
	outcome := _outcome(document)
	waits := {[wait.status, wait.name] | some wait in outcome.waits}
}
