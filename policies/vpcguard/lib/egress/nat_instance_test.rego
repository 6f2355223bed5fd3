package vpcguard.lib.egress_test

import data.vpcguard.lib.fixtures_test as fixtures

test_works_over_a_nat_instance if {
	path := _path(_over_instance({}))
	path.state == "works"
	path.hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "eni-1", "kind": "network_interface", "state": "likely"},
		{"id": "i-1", "kind": "instance", "state": "running"},
		{"id": "rtb-pub", "kind": "route_table", "state": "active"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	]
	path.nat_ids == set()
}

test_none_over_an_instance_that_is_not_running if {
	_short(_over_instance({"instances": [_nat_instance("stopped")]})) == ["none", "nat_instance_unusable", "i-1", set()]
	_short(_over_instance({"instances": []})) == ["none", "nat_instance_unusable", "i-1", set()]
}

test_none_over_an_interface_that_checks if {
	_short(_over_instance({"network_interfaces": [_nat_interface({"source_dest_check": true})]})) == [
		"none",
		"nat_instance_unusable",
		"eni-1",
		set(),
	]
}

test_none_over_an_interface_that_is_gone if {
	_short(_over_instance({"network_interfaces": []})) == ["none", "nat_instance_unusable", "eni-1", set()]
}

test_none_over_an_instance_without_way_out if {
	document := _over_instance({"route_tables": _instance_tables([])})
	_short(document) == ["none", "nat_instance_unusable", "rtb-pub", set()]
}

test_block_public_access_keeps_its_name if {
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	document := _over_instance({"subnets": [fixtures.subnet("app", "a"), blocked]})
	_short(document) == ["none", "block_public_access", "pub", set()]
}

test_unknown_where_a_condition_was_not_read if {
	denied := {"instances": "ec2:DescribeInstances"}
	_short(fixtures.denied(_over_instance({"instances": []}), denied)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeInstances"]},
	]
	interfaces := {"network_interfaces": "ec2:DescribeNetworkInterfaces"}
	_short(fixtures.denied(_over_instance({"network_interfaces": []}), interfaces)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeNetworkInterfaces"]},
	]
}

# one failed condition settles it
test_none_where_one_condition_failed_and_another_was_not_read if {
	document := _over_instance({"network_interfaces": [], "instances": [_nat_instance("stopped")]})
	_short(fixtures.denied(document, {"network_interfaces": "ec2:DescribeNetworkInterfaces"})) == [
		"none",
		"nat_instance_unusable",
		"i-1",
		set(),
	]
	unread := fixtures.denied(
		_over_instance({"instances": [], "route_tables": _instance_tables([])}),
		{"instances": "ec2:DescribeInstances"},
	)
	_short(unread) == ["none", "nat_instance_unusable", "rtb-pub", set()]
}

test_unknown_where_the_interface_tells_too_little if {
	checkless := object.remove(_nat_interface({}), ["source_dest_check"])
	_short(_over_instance({"network_interfaces": [checkless]})) == ["unknown", "", "", {["undecidable", "eni-1"]}]
	nowhere := object.remove(_nat_interface({}), ["subnet_id"])
	_short(_over_instance({"network_interfaces": [nowhere]})) == ["unknown", "", "", {["undecidable", "eni-1"]}]
}

test_unknown_over_an_interface_of_no_instance if {
	document := _over_instance({
		"network_interfaces": [object.remove(_nat_interface({}), ["instance_id"])],
		"route_tables": [
			fixtures.table("rtb-app", ["app"], [fixtures.to("network_interface", "eni-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	})
	_short(document) == ["unknown", "", "", {["opaque", "eni-1"]}]
}

test_the_route_names_the_instance_where_the_interface_does_not if {
	document := _over_instance({"network_interfaces": [object.remove(_nat_interface({}), ["instance_id"])]})
	_short(document) == ["works", "", "", set()]
}

_over_instance(parts) := fixtures.estate(object.union(
	{
		"route_tables": _instance_tables([fixtures.to("internet_gateway", "igw-1")]),
		"network_interfaces": [_nat_interface({})],
		"instances": [_nat_instance("running")],
	},
	parts,
))

_instance_tables(pub) := fixtures.tables(
	[object.union(fixtures.to("network_interface", "eni-1"), {"instance_id": "i-1"})],
	pub,
)

_nat_interface(more) := object.union(
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

_nat_instance(state) := {"id": "i-1", "vpc_id": "vpc-1", "subnet_id": "pub", "state": state}
