package vpcguard.lib.faults_test

import data.vpcguard.lib.egress
import data.vpcguard.lib.faults
import data.vpcguard.lib.fixtures_test as fixtures

test_every_cause_has_words if {
	_text(_app([])) == "from app (eu-west-1a), rtb-app has no default route"
	_text(_app([fixtures.to("internet_gateway", "igw-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to igw-1, an internet gateway, which serves public addresses only",
	])
	_text(_app([object.union(fixtures.to("nat_gateway", "nat-2"), {"state": "blackhole"})])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to nat-2, which is a black hole (gone, detached or stopped)",
	])
	_text(_app([fixtures.to("vpc_peering_connection", "pcx-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to pcx-1, a peering connection, which carries nothing on to the internet",
	])
	_text(_app([fixtures.to("network_interface", "eni-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to a NAT instance that cannot pass it on: eni-1 does not exist",
	])
}

test_every_cause_behind_a_gateway_has_words if {
	_text(fixtures.estate({"nat_gateways": []})) == "from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, which is missing"
	_text(fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"connectivity_type": "private"})]})) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, a private NAT gateway, which has no way to the internet",
	])
	_text(fixtures.estate({"internet_gateways": []})) == concat("", [
		"from app (eu-west-1a), the way leads to igw-1, which is not attached to the VPC",
	])
	_text(fixtures.estate({"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [])})) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, whose own way out has no internet gateway",
	])
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	_text(fixtures.estate({"subnets": [fixtures.subnet("app", "a"), blocked]})) == concat("", [
		"from app (eu-west-1a), VPC Block Public Access stops the traffic at pub",
	])
}

test_halves_are_named if {
	half := object.union(fixtures.to("vpc_peering_connection", "pcx-1"), {"destination": "0.0.0.0/1"})
	other := object.union(half, {"destination": "128.0.0.0/1"})
	_text(_app([half, other])) == concat("", [
		"from app (eu-west-1a), default traffic goes to pcx-1, a peering connection, which carries nothing on to the ",
		"internet",
	])
	_text(_app([half])) == concat("", [
		"from app (eu-west-1a), rtb-app has a route for 0.0.0.0/1 alone, half of a default route",
	])
}

# beside a half that works, the half that fails is named and mended
test_a_half_that_works_hides_nothing if {
	works := object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "128.0.0.0/1"})
	fails := object.union(fixtures.to("internet_gateway", "igw-1"), {"destination": "0.0.0.0/1"})
	document := fixtures.estate({"route_tables": fixtures.tables(
		[works, fails],
		[fixtures.to("internet_gateway", "igw-1")],
	)})
	_text(document) == concat("", [
		"from app (eu-west-1a), default traffic goes to igw-1, an internet gateway, which serves public addresses only",
	])
	startswith(_advice(document, "internet"), "Make private subnets with a default route to a NAT gateway in a public one")
}

test_halves_that_fail_at_different_places if {
	one := object.union(fixtures.to("vpc_peering_connection", "pcx-1"), {"destination": "0.0.0.0/1"})
	other := object.union(fixtures.to("vpc_peering_connection", "pcx-2"), {"destination": "128.0.0.0/1"})
	_text(_app([one, other])) == concat("", [
		"from app (eu-west-1a), default traffic goes to pcx-1, a peering connection, which carries nothing on to the ",
		"internet, and default traffic goes to pcx-2, a peering connection, which carries nothing on to the internet",
	])
	_advice(_app([one, other]), "undeclared") == concat(" ", [
		"Point the default route to a NAT gateway, and routes of the peer's own networks to pcx-1",
		"and pcx-2.",
	])
}

test_advice_knows_a_declared_intent if {
	_advice(_app([]), "internet") == "Give rtb-app a default route to a NAT gateway."
}

test_advice_waits_for_a_gateway_that_is_pending if {
	document := fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": "pending"})]})
	_advice(document, "undeclared") == "Wait until nat-1 is available; replace what fails."
}

test_advice_for_a_regional_gateway_is_an_internet_gateway if {
	regional := object.union(
		object.remove(fixtures.nat_gateway({}), ["subnet_id"]),
		{"is_regional": true, "is_automatic": true, "zone_ids": []},
	)
	document := fixtures.estate({"nat_gateways": [regional], "internet_gateways": []})
	_advice(document, "undeclared") == "Attach an internet gateway to the VPC of nat-1."
}

test_a_nat_instance_is_told_what_is_wrong_with_it if {
	_text(_instance("stopped", false)) == concat(" ", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to a NAT instance that cannot pass it on:",
		"i-1 is stopped",
	])
	_advice(_instance("stopped", false), "undeclared") == "Start i-1, or replace the NAT instance by a NAT gateway."
	endswith(_text(_instance("terminated", false)), ": i-1 does not pass it on")
	startswith(_advice(_instance("terminated", false), "undeclared"), "Repair i-1, or replace")
	endswith(_text(_instance("running", true)), ": eni-1 checks source and destination")
	startswith(_advice(_instance("running", true), "undeclared"), "Turn off the source/destination check of eni-1, or")
}

test_a_nat_instance_without_address_or_admission if {
	without := object.union(_instance("running", false), {"instances": [object.union(
		_instance("running", false).instances[0],
		{"public_ips": []},
	)]})
	endswith(_text(without), ": eni-1 has no public address")
	startswith(_advice(without, "undeclared"), "Give eni-1 an Elastic IP, or")
	both := object.union(_instance("running", true), {"instances": without.instances})
	endswith(_text(both), ": eni-1 checks source and destination and has no public address")
	closed := object.union(_instance("running", false), {"security_groups": [fixtures.group("sg-nat", [], [])]})
	endswith(_text(closed), ": eni-1 has security groups that let nobody in from there on TCP 443")
	_advice(closed, "undeclared") == "Let the function's subnets in on TCP 443 in a security group of eni-1."
}

# a NAT in the public subnet and everybody else there would lose their way
test_nobody_is_told_to_change_the_default_route_of_a_public_subnet if {
	public := _app([fixtures.to("internet_gateway", "igw-1")])
	_advice(public, "internet") == concat(" ", [
		"Make private subnets with a default route to a NAT gateway in a public one, and put the function into them.",
	])
	beside := object.union(public, {
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("far", "b")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("internet_gateway", "igw-1")], [fixtures.to("internet_gateway", "igw-1")]),
			[fixtures.table("rtb-far", ["far"], [fixtures.to("nat_gateway", "nat-1")])],
		),
	})
	_advice(beside, "internet") == concat(" ", [
		"Put the function into far (eu-west-1b), which leads to the internet, in place of the one that does not.",
	])
	outpost := object.union(fixtures.subnet("far", "b"), {"outpost_arn": "arn:aws:outposts:o"})
	at_home := object.union(beside, {"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), outpost]})
	startswith(_advice(at_home, "internet"), "Make private subnets")
	dead := object.union(fixtures.to("internet_gateway", "igw-1"), {"state": "blackhole"})
	startswith(_advice(_app([dead]), "internet"), "Make private subnets")
}

# those that do not lead out are told apart where some may be meant as they are
test_subnets_to_be_left_are_named_where_not_all_are_meant if {
	document := object.union(_beside({"far": {}}), {
		"functions": [fixtures.function("orders", ["app", "pub"], {})],
		"route_tables": [
			fixtures.table("rtb-app", ["app"], []),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
			fixtures.table("rtb-far", ["far"], [fixtures.to("nat_gateway", "nat-1")]),
		],
	})
	[key] := [key | some key, _ in egress.of] with input as document
	some_of_them := faults.advice(key, {"app"}, "internet") with input as document
	endswith(some_of_them, ", in place of app (eu-west-1a).")
	all_of_them := faults.advice(key, {"app", "pub"}, "internet") with input as document
	endswith(all_of_them, ", in place of those that do not.")
}

test_one_of_many_other_subnets_is_named if {
	many := {sprintf("far-%d", [i]): {} | some i in numbers.range(1, 6)}
	told := "Put the function into far-1 (eu-west-1b) (or another of 6), which lead "
	startswith(_advice(_beside(many), "internet"), told)
}

test_subnets_that_are_not_for_functions_are_not_named if {
	every more in [
		{"owner_id": "444455556666"},
		{"state": "pending"},
		{"free_ipv4_addresses": 0},
		{"zone_id": "usw2-lax1-az1"},
		{"vpc_id": "vpc-2"},
	] {
		_advice(_beside({"far": more}), "internet") == "Give rtb-app a default route to a NAT gateway."
	}
}

test_aws_says_why_a_gateway_failed if {
	failed := fixtures.nat_gateway({
		"state": "failed",
		"failure_code": "Gateway.NotAttached",
		"failure_message": "Network vpc-1 has no Internet gateway attached",
	})
	_text(fixtures.estate({"nat_gateways": [failed], "internet_gateways": []})) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, which has failed (Gateway.NotAttached: Network vpc-1 has no ",
		"Internet gateway attached), and the way leads to igw-1, which is not attached to the VPC",
	])
}

test_a_zone_without_an_attachment_is_named if {
	document := object.union(_app([fixtures.to("transit_gateway", "tgw-1")]), {"transit_gateway_attachments": []})
	_text(document) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to tgw-1, which has no attachment in eu-west-1a",
	])
	_advice(document, "internet") == "Attach the VPC to tgw-1, with a subnet of eu-west-1a."
}

# the zone of the private NAT gateway before the transit gateway counts, and its attachment can be added to
test_the_zone_that_the_traffic_comes_from_is_named if {
	private := fixtures.nat_gateway({"connectivity_type": "private"})
	document := fixtures.estate({
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "b")],
		"nat_gateways": [private],
		"route_tables": fixtures.tables(
			[fixtures.to("nat_gateway", "nat-1")],
			[fixtures.to("transit_gateway", "tgw-1")],
		),
		"transit_gateway_attachments": [{
			"id": "tgw-attach-1",
			"transit_gateway_id": "tgw-1",
			"vpc_id": "vpc-1",
			"state": "available",
			"subnet_ids": ["app"],
		}],
	})
	_text(document) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to tgw-1, which has no attachment in eu-west-1b",
	])
	_advice(document, "internet") == "Add a subnet of eu-west-1b to tgw-attach-1, the VPC's attachment."
}

test_a_way_over_ipv6_is_repaired_as_such if {
	route := object.union(
		fixtures.to("egress_only_internet_gateway", "eigw-1"),
		{"family": "ipv6", "destination": "::/0", "state": "blackhole"},
	)
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": [object.union(fixtures.subnet("app", "a"), {"ipv6_cidrs": ["2a05::/64"]})],
		"route_tables": fixtures.tables([route], []),
	})
	_text(document) == "from app (eu-west-1a), ::/0 goes to eigw-1, which is a black hole (gone, detached or stopped)"
	_advice(document, "internet") == "Route ::/0 of rtb-app to an egress-only internet gateway of the VPC."
}

test_a_gateway_that_leads_to_a_gateway_stands_in_the_wrong_place if {
	document := fixtures.estate({"route_tables": fixtures.tables(
		[fixtures.to("nat_gateway", "nat-1")],
		[fixtures.to("nat_gateway", "nat-1")],
	)})
	_advice(document, "internet") == "Replace nat-1 by a NAT gateway in a subnet that leads to an internet gateway."
	without := fixtures.estate({"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [])})
	_advice(without, "internet") == "Give rtb-pub a default route to the VPC's internet gateway."
}

test_subnets_with_the_same_fault_share_a_clause if {
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "also", "pub"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("also", "b"), fixtures.subnet("pub", "a")],
		"route_tables": [
			fixtures.table("rtb-app", ["app", "also"], []),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("vpc_peering_connection", "pcx-1")]),
		],
	})
	[key] := [key | some key, _ in egress.of] with input as document
	text := faults.text(key, {"app", "also", "pub"}) with input as document
	text == concat("; ", [
		"from also (eu-west-1b) and app (eu-west-1a), rtb-app has no default route",
		"from pub (eu-west-1a), 0.0.0.0/0 goes to pcx-1, a peering connection, which carries nothing on to the internet",
	])
	advice := faults.advice(key, {"app", "also", "pub"}, "undeclared") with input as document
	advice == concat(" ", [
		"Give rtb-app a default route to a NAT gateway, or declare what the function needs (vpcguard:egress=aws or none).",
		"Point the default route to a NAT gateway, and routes of the peer's own networks to pcx-1.",
	])
}

test_the_same_fault_at_several_places_is_told_once if {
	tables := [object.union(fixtures.table($"rtb-{id}", [id], []), {"name": "private"}) | some id in ["app", "also"]]
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "also"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("also", "b")],
		"route_tables": tables,
	})
	_text(document) == concat(" ", [
		"from also (eu-west-1b) and app (eu-west-1a),",
		"rtb-also (private) and rtb-app (private) have no default route",
	])
	_advice(document, "internet") == concat(" ", [
		"Give rtb-also (private) and rtb-app (private) a default route to a NAT gateway.",
	])
}

_beside(others) := object.union(_app([]), {
	"subnets": array.concat(
		[fixtures.subnet("app", "a"), fixtures.subnet("pub", "a")],
		[object.union(fixtures.subnet(id, "b"), more) | some id, more in others],
	),
	"route_tables": array.concat(
		fixtures.tables([], [fixtures.to("internet_gateway", "igw-1")]),
		[fixtures.table("rtb-far", [id | some id, _ in others], [fixtures.to("nat_gateway", "nat-1")])],
	),
})

_instance(state, is_checked) := object.union(_app([fixtures.to("network_interface", "eni-1")]), {
	"network_interfaces": [{
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"subnet_id": "pub",
		"security_group_ids": ["sg-nat"],
		"interface_type": "interface",
		"is_lambda": false,
		"source_dest_check": is_checked,
		"instance_id": "i-1",
	}],
	"instances": [{"id": "i-1", "vpc_id": "vpc-1", "state": state, "subnet_ids": ["pub"], "public_ips": ["198.51.100.7"]}],
	"security_groups": [fixtures.group("sg-nat", [], ["10.0.0.0/8"])],
	"route_tables": fixtures.tables(
		[fixtures.to("network_interface", "eni-1")],
		[fixtures.to("internet_gateway", "igw-1")],
	),
})

_advice(document, intent) := text if {
	paths := egress.of with input as document # regal ignore:with-outside-test-context
	some key, by_subnet in paths
	ids := object.keys(by_subnet)
	text := faults.advice(key, ids, intent) with input as document # regal ignore:with-outside-test-context
}

_app(routes) := fixtures.estate({"route_tables": fixtures.tables(routes, [])})

_text(document) := text if {
	texts := _texts with input as document # regal ignore:with-outside-test-context
	some text in texts
}

_texts := {faults.text(key, object.keys(paths)) | some key, paths in egress.of}
