package vpcguard.lib.egress_test

import data.vpcguard.lib.egress
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
	gone := _path(_over_instance({"network_interfaces": [], "instances": []}))
	gone.causes == [{"cause": "nat_instance_unusable", "id": "eni-1"}]
}

test_none_over_an_instance_without_way_out if {
	document := _over_instance({"route_tables": _instance_tables([])})
	_short(document) == ["none", "nat_instance_unusable", "rtb-pub", set()]
}

# an appliance takes traffic in by one interface and sends it out by another
test_works_over_an_instance_of_several_subnets if {
	inner := {"network_interfaces": [_nat_interface({"subnet_id": "app"})]}
	_path(_over_instance(object.union(inner, _in_subnets(["app", "pub"])))).state == "works"
	led_astray := {"route_tables": _instance_tables([])}
	_short(_over_instance(object.union_n([inner, _in_subnets(["app", "pub"]), led_astray]))) == [
		"none",
		"nat_instance_unusable",
		"eni-1",
		set(),
	]
}

test_none_over_an_instance_that_its_own_subnet_leads_to if {
	inner := {"network_interfaces": [_nat_interface({"subnet_id": "app"})]}
	path := _path(_over_instance(object.union(inner, _in_subnets(["app"]))))
	path.causes == [{"cause": "nat_instance_unusable", "id": "eni-1"}]
	path.hops[count(path.hops) - 1] == {"id": "eni-1", "kind": "network_interface", "state": "leads_back"}
}

# an address that AWS assigns comes and goes with the instance
test_a_stopped_instance_lacks_no_address if {
	stopped := object.union(_nat_instance("stopped"), {"public_ips": []})
	without := object.remove(_nat_interface({}), ["public_ip"])
	_short(_over_instance({"network_interfaces": [without], "instances": [stopped]})) == [
		"none",
		"nat_instance_unusable",
		"i-1",
		set(),
	]
}

# nobody here is shown the instances of others
test_unknown_over_an_instance_of_another_account if {
	foreign := {"network_interfaces": [_nat_interface({"owner_id": "999988887777"})]}
	_short(_over_instance(object.union(foreign, {"instances": []}))) == ["unknown", "", "", {["undecidable", "i-1"]}]
	_path(_over_instance(foreign)).state == "works"
}

test_a_route_may_name_an_instance_alone if {
	to_instance := [object.union(fixtures.to("network_interface", "i-1"), {"instance_id": "i-1"})]
	tables := {"route_tables": fixtures.tables(to_instance, [fixtures.to("internet_gateway", "igw-1")])}
	path := _path(_over_instance(tables))
	[path.state, path.hops[1].id] == ["works", "eni-1"]

	# it is there, so it has an interface
	_short(_over_instance(object.union(tables, {"network_interfaces": []}))) == [
		"unknown",
		"",
		"",
		{["undecidable", "i-1"]},
	]
	_short(_over_instance(object.union(tables, {"network_interfaces": [], "instances": []}))) == [
		"none",
		"nat_instance_unusable",
		"i-1",
		set(),
	]
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

	# who knows whether it has another interface, in a subnet that leads out
	_short(unread) == ["unknown", "", "", {["unknown", "ec2:DescribeInstances"]}]
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

# a public address, of any of its interfaces

test_none_without_a_public_address if {
	without := object.remove(_nat_interface({}), ["public_ip"])
	nowhere := object.union(_nat_instance("running"), {"public_ips": []})
	document := _over_instance({"network_interfaces": [without], "instances": [nowhere]})
	_short(document) == ["none", "nat_instance_unusable", "eni-1", set()]
	_short(_over_instance({"network_interfaces": [without]})) == ["works", "", "", set()]
	untold := object.remove(_nat_instance("running"), ["public_ips"])
	_short(_over_instance({"network_interfaces": [without], "instances": [untold]})) == [
		"unknown",
		"",
		"",
		{["undecidable", "i-1"]},
	]
}

test_an_address_that_only_the_unread_instance_tells if {
	without := object.remove(_nat_interface({}), ["public_ip"])
	document := _over_instance({"network_interfaces": [without], "instances": []})
	_short(fixtures.denied(document, {"instances": "ec2:DescribeInstances"})) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeInstances"]},
	]
}

test_an_address_matters_at_an_internet_gateway_alone if {
	without := object.remove(_nat_interface({}), ["public_ip"])
	nowhere := object.union(_nat_instance("running"), {"public_ips": []})
	parts := {
		"network_interfaces": [without],
		"instances": [nowhere],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("edge", "a")],
		"nat_gateways": [fixtures.nat_gateway({"subnet_id": "edge"})],
		"route_tables": array.concat(
			_instance_tables([fixtures.to("nat_gateway", "nat-1")]),
			[fixtures.table("rtb-edge", ["edge"], [fixtures.to("internet_gateway", "igw-1")])],
		),
	}
	_short(_over_instance(parts)) == ["works", "", "", set()]
	_path(_over_instance(parts)).nat_ids == {"nat-1"}
	dead := {"nat_gateways": [fixtures.nat_gateway({"subnet_id": "edge", "state": "deleted"})]}
	_short(_over_instance(object.union(parts, dead))) == ["none", "nat_instance_unusable", "nat-1", set()]
	transit := {"route_tables": _instance_tables([fixtures.to("transit_gateway", "tgw-1")])}
	_short(_over_instance(object.union(parts, transit))) == ["unknown", "", "", {["opaque", "tgw-1"]}]
}

test_block_ingress_takes_the_way_of_an_instance if {
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-ingress"})
	document := _over_instance({"subnets": [fixtures.subnet("app", "a"), blocked]})
	_short(document) == ["none", "block_public_access", "pub", set()]
}

test_all_that_keeps_an_instance_from_its_work if {
	document := _over_instance({
		"network_interfaces": [_nat_interface({"source_dest_check": true})],
		"instances": [_nat_instance("stopped")],
		"internet_gateways": [],
	})
	[[one.cause, one.id] | some one in _path(document).causes] == [
		["nat_instance_unusable", "eni-1"],
		["nat_instance_unusable", "i-1"],
		["nat_instance_unusable", "igw-1"],
	]
	_path(document).root == ""
}

# whom its groups let in

test_none_over_an_instance_that_lets_nobody_in if {
	closed := _over_instance({"security_groups": [fixtures.group("sg-nat", [], ["192.0.2.0/24"])]})
	_short(closed) == ["none", "nat_instance_unusable", "eni-1", set()]
	_short(_over_instance({"security_groups": []})) == ["none", "nat_instance_unusable", "eni-1", set()]
}

test_unknown_whom_an_instance_lets_in if {
	part := _over_instance({"security_groups": [fixtures.group("sg-nat", [], ["10.0.1.0/28"])]})
	_short(part) == ["unknown", "", "", {["undecidable", "eni-1"]}]
	untold := _over_instance({"network_interfaces": [_nat_interface({"security_group_ids": []})]})
	_short(untold) == ["unknown", "", "", {["undecidable", "eni-1"]}]
	groups := {"security_groups": "ec2:DescribeSecurityGroups"}
	_short(fixtures.denied(_over_instance({"security_groups": []}), groups)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeSecurityGroups"]},
	]
}

test_an_instance_that_knows_groups_alone_serves_their_members if {
	members := _over_instance({"security_groups": [fixtures.group("sg-nat", ["sg-f"], [])]})
	_of_orders(members).state == "works"
	strangers := _over_instance({"security_groups": [fixtures.group("sg-nat", ["sg-other"], [])]})
	[_of_orders(strangers).state, _of_orders(strangers).root] == ["none", "eni-1"]
	_of_orders(strangers).hops[5] == {"id": "eni-1", "kind": "security_groups", "state": "lets_nobody_in"}
}

# an Elastic IP on Lambda's own interface

test_works_likely_by_the_address_of_lambdas_own_interface if {
	_of_orders(_public([{"public_ip": "198.51.100.9"}], {})).state == "works"
	_of_orders(_public([{"public_ip": "198.51.100.9"}], {})).hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "eni-l0", "kind": "network_interface", "state": "likely"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	]
}

test_public_without_an_address_of_ones_own if {
	every interface in [
		{},
		{"public_ip": "198.51.100.9", "security_group_ids": ["sg-other"]},
		{"public_ip": "198.51.100.9", "subnet_id": "pub"},
		{"public_ip": "198.51.100.9", "owner_id": "444455556666"},
		{"public_ip": "198.51.100.9", "is_lambda": false},
	] {
		_of_orders(_public([interface], {})).cause == "public_subnet"
	}
	address := [{"public_ip": "198.51.100.9"}]
	_of_orders(_public(address, {"internet_gateways": []})).cause == "public_subnet"
	blocked := {"subnets": [object.union(fixtures.subnet("app", "a"), {"internet_gateway_block_mode": "block-ingress"})]}
	_of_orders(_public(address, blocked)).cause == "public_subnet"
}

test_unknown_by_an_address_that_is_not_everywhere_or_not_read if {
	some_of_them := _public([{"public_ip": "198.51.100.9"}, {}], {})
	{wait.name | some wait in _of_orders(some_of_them).waits} == {"app"}
	unread := fixtures.denied(_public([], {}), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	{wait.name | some wait in _of_orders(unread).waits} == {"ec2:DescribeNetworkInterfaces"}
}

# the halves of a default route go apart: an address helps the one that goes to the internet gateway
test_an_address_carries_its_half_of_the_traffic if {
	address := [{"public_ip": "198.51.100.9"}]
	_of_orders(_public(address, _halves("nat_gateway", "nat-1"))).state == "works"
	_of_orders(_public([{}], _halves("nat_gateway", "nat-1"))).cause == "public_subnet"
	_of_orders(_public(address, _halves("transit_gateway", "tgw-1"))).state == "unknown"
	_of_orders(_public([{}], _halves("transit_gateway", "tgw-1"))).cause == "public_subnet"
	dead := object.union(_halves("nat_gateway", "nat-1"), {"nat_gateways": []})
	[one.cause | some one in _of_orders(_public(address, dead)).causes] == ["nat_unavailable"]
	list := object.union(fixtures.to("internet_gateway", "igw-1"), {"family": "prefix_list", "destination": "pl-1"})
	perhaps := _public(address, {"route_tables": fixtures.tables(
		[list, fixtures.to("nat_gateway", "nat-1")],
		[fixtures.to("internet_gateway", "igw-1")],
	)})
	_of_orders(fixtures.denied(perhaps, {"prefix_list_entries": "ec2:GetManagedPrefixListEntries"})).state == "works"
}

test_an_address_that_was_not_read_leaves_in_doubt_what_it_would_change if {
	operations := {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"}
	unread := fixtures.denied(_public([], _halves("nat_gateway", "nat-1")), operations)
	{wait.name | some wait in _of_orders(unread).waits} == {"ec2:DescribeNetworkInterfaces"}
	dead := object.union(_halves("nat_gateway", "nat-1"), {"nat_gateways": []})
	_of_orders(fixtures.denied(_public([], dead), operations)).cause == "nat_unavailable"
	detached := _public([], {"internet_gateways": []})
	_of_orders(fixtures.denied(detached, operations)).cause == "public_subnet"
}

_halves(kind, id) := {"route_tables": fixtures.tables(
	[
		object.union(fixtures.to("internet_gateway", "igw-1"), {"destination": "0.0.0.0/1"}),
		object.union(fixtures.to(kind, id), {"destination": "128.0.0.0/1"}),
	],
	[fixtures.to("internet_gateway", "igw-1")],
)}

_public(interfaces, parts) := fixtures.estate(object.union(
	{
		"route_tables": fixtures.tables([fixtures.to("internet_gateway", "igw-1")], []),
		"network_interfaces": [object.union(
			{
				"id": $"eni-l{i}",
				"vpc_id": "vpc-1",
				"subnet_id": "app",
				"security_group_ids": ["sg-f"],
				"interface_type": "lambda",
				"is_lambda": true,
			},
			one,
		) |
			some i, one in interfaces
		],
	},
	parts,
))

_of_orders(document) := path if {
	paths := egress.of with input as document # regal ignore:with-outside-test-context
	path := paths.orders.app
}

_over_instance(parts) := fixtures.estate(object.union(
	{
		"route_tables": _instance_tables([fixtures.to("internet_gateway", "igw-1")]),
		"network_interfaces": [_nat_interface({})],
		"instances": [_nat_instance("running")],
		"security_groups": [fixtures.group("sg-nat", [], ["10.0.0.0/16"])],
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
		"security_group_ids": ["sg-nat"],
		"interface_type": "interface",
		"is_lambda": false,
		"source_dest_check": false,
		"instance_id": "i-1",
		"public_ip": "198.51.100.7",
	},
	more,
)

_in_subnets(ids) := {"instances": [object.union(_nat_instance("running"), {"subnet_ids": ids})]}

_nat_instance(state) := {
	"id": "i-1",
	"vpc_id": "vpc-1",
	"subnet_ids": ["pub"],
	"state": state,
	"public_ips": ["198.51.100.7"],
}
