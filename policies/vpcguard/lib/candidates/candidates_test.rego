package vpcguard.lib.candidates_test

import data.vpcguard.lib.candidates
import data.vpcguard.lib.fixtures_test as fixtures

test_a_subnet_of_the_same_kind_in_another_zone_fits if {
	_answer(_document({})) == [{"other"}, set()]
}

test_another_kind_does_not_fit if {
	nat := [fixtures.to("nat_gateway", "nat-1")]
	every routes in [
		[],
		[fixtures.to("internet_gateway", "igw-1")],
		[fixtures.to("transit_gateway", "tgw-1")],
		[object.union(fixtures.to("nat_gateway", "nat-1"), {"state": "blackhole"})],
	] {
		_answer(_document({"route_tables": _tables(nat, routes)})) == [set(), set()]
	}
}

test_another_owner_stack_vpc_state_or_zone_does_not_fit if {
	every more in [
		{"owner_id": "444455556666"},
		{"ipv6_cidrs": ["2a05::/64"]},
		{"is_ipv6_only": true},
		{"vpc_id": "vpc-2"},
		{"state": "pending"},
		{"zone_id": "euw1-az-a"},
	] {
		_answer(_with_other(more)) == [set(), set()]
	}
}

# no place for a function, or none of this account's
test_an_outpost_and_what_the_owner_alone_sees_do_not_fit if {
	_answer(_with_other({"outpost_arn": "arn:aws:outposts:eu-west-1:111122223333:outpost/op-1"})) == [set(), set()]
	_answer(_with_other({"is_visible": false})) == [set(), set()]
}

test_a_zone_of_another_type_or_state_does_not_fit if {
	every more in [{"type": "local-zone"}, {"type": "wavelength-zone"}, {"state": "constrained"}, {"state": "impaired"}] {
		zones := [fixtures.zone("a"), object.union(fixtures.zone("b"), more)]
		_answer(_document({"availability_zones": zones})) == [set(), set()]
	}
}

# a complete answer holds every zone that the account may use
test_a_zone_in_no_complete_answer_does_not_fit if {
	_answer(_document({"availability_zones": [fixtures.zone("a")]})) == [set(), set()]
}

test_zones_that_were_refused_leave_a_doubt if {
	unread := {"availability_zones": "ec2:DescribeAvailabilityZones"}
	refused := fixtures.denied(_document({"availability_zones": []}), unread)
	_answer(refused) == [set(), {"ec2:DescribeAvailabilityZones"}]
	another := fixtures.denied(_with_other({"owner_id": "444455556666"}), unread)
	_answer(object.union(another, {"availability_zones": []})) == [set(), set()]
}

# ids of Availability Zones are told from those of Local Zones by their form
test_zones_that_nobody_asked_for_are_told_by_their_ids if {
	zones := {"availability_zones": "ec2:DescribeAvailabilityZones"}
	ordinary := object.union(_with_other({"zone_id": "euw1-az2"}), {"availability_zones": []})
	_answer(fixtures.not_requested(ordinary, zones)) == [{"other"}, set()]
	local := object.union(_with_other({"zone_id": "usw2-lax1-az1"}), {"availability_zones": []})
	_answer(fixtures.not_requested(local, zones)) == [set(), set()]
}

test_the_same_opaque_target_and_another_gateway_of_the_same_kind_fit if {
	every tables in [
		_tables([fixtures.to("transit_gateway", "tgw-1")], [fixtures.to("transit_gateway", "tgw-1")]),
		_tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("nat_gateway", "nat-2")]),
		_tables([], []),
	] {
		_answer(_document({"route_tables": tables})) == [{"other"}, set()]
	}
	transit := _tables([fixtures.to("transit_gateway", "tgw-1")], [fixtures.to("transit_gateway", "tgw-2")])
	_answer(_document({"route_tables": transit})) == [set(), set()]
}

test_a_table_that_was_not_read_leaves_a_doubt if {
	unread := {"route_tables": "ec2:DescribeRouteTables"}
	every subnet_id in ["app", "other"] {
		tables := [fixtures.table("rtb-1", [subnet_id], [fixtures.to("nat_gateway", "nat-1")])]
		_answer(fixtures.denied(_document({"route_tables": tables}), unread)) == [set(), {"ec2:DescribeRouteTables"}]
	}
}

# behind the endpoint may lie the NAT gateway that the other subnet leads to
test_an_endpoint_on_the_way_that_was_not_read_leaves_a_doubt if {
	unread := {"vpc_endpoints": "ec2:DescribeVpcEndpoints"}
	firewall := fixtures.to("vpc_endpoint", "vpce-1")
	apart := _document({"route_tables": _tables([firewall], [fixtures.to("nat_gateway", "nat-1")])})
	_answer(fixtures.denied(apart, unread)) == [set(), {"ec2:DescribeVpcEndpoints"}]
	together := _document({"route_tables": _tables([firewall], [firewall])})
	_answer(fixtures.denied(together, unread))[0] == {"other"}
}

test_a_subnet_of_ours_without_a_zone_leaves_a_doubt if {
	document := _document({})
	zoneless := object.union(document, {"subnets": [one |
		some subnet in document.subnets
		one := {true: object.remove(subnet, ["zone_id"]), false: subnet}[subnet.id == "app"]
	]})
	_answer(zoneless)[1] == {"ec2:DescribeSubnets"}
	alone := [one | some one in zoneless.subnets; one.id == "app"]
	_answer(object.union(zoneless, {"subnets": alone})) == [set(), set()]
}

test_subnets_that_may_not_have_been_listed_leave_a_doubt if {
	unread := {"visible_subnets": "ec2:DescribeSubnets"}
	_answer(fixtures.denied(_document({}), unread)) == [{"other"}, {"ec2:DescribeSubnets"}]
}

_document(parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["app"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("pub", "a")],
		"route_tables": _tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("nat_gateway", "nat-1")]),
	},
	parts,
))

_with_other(more) := _document({"subnets": [
	fixtures.subnet("app", "a"),
	object.union(fixtures.subnet("other", "b"), more),
	fixtures.subnet("pub", "a"),
]})

_tables(app, other) := [
	fixtures.table("rtb-app", ["app"], app),
	fixtures.table("rtb-other", ["other"], other),
	fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
]

# what fits beside app, and what it takes to know that nothing else does
_answer(document) := [fitting, {wait.name | some wait in waits}] if {
	fitting := candidates.fitting({"app"}, "vpc-1") with input as document # regal ignore:with-outside-test-context
	waits := candidates.waits({"app"}, "vpc-1") with input as document # regal ignore:with-outside-test-context
}
