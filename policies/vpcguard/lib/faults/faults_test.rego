package vpcguard.lib.faults_test

import data.vpcguard.lib.faults
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.path

test_every_cause_has_words if {
	_text(_app([])) == "from app (eu-west-1a), rtb-app has no default route"
	_text(_app([fixtures.to("internet_gateway", "igw-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to igw-1, an internet gateway, which serves public addresses only",
	])
	_text(_app([object.union(fixtures.to("nat_gateway", "nat-2"), {"state": "blackhole"})])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to nat-2, which is gone",
	])
	_text(_app([fixtures.to("vpc_peering_connection", "pcx-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to pcx-1, a peering connection, which carries nothing on to the internet",
	])
	_text(_app([fixtures.to("network_interface", "eni-1")])) == concat("", [
		"from app (eu-west-1a), 0.0.0.0/0 goes to a NAT instance that cannot pass it on because of eni-1",
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

test_subnets_with_the_same_fault_share_a_clause if {
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "also", "pub"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("also", "b"), fixtures.subnet("pub", "a")],
		"route_tables": [
			fixtures.table("rtb-app", ["app", "also"], []),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("vpc_peering_connection", "pcx-1")]),
		],
	})
	[place] := [place | some place, _ in path.by_place] with input as document
	text := faults.text(place, {"app", "also", "pub"}) with input as document
	text == concat("; ", [
		"from also (eu-west-1b) and app (eu-west-1a), rtb-app has no default route",
		"from pub (eu-west-1a), 0.0.0.0/0 goes to pcx-1, a peering connection, which carries nothing on to the internet",
	])
	advice := faults.advice(place, {"app", "also", "pub"}) with input as document
	advice == concat(" ", [
		"Give rtb-app a default route to a NAT gateway, or declare the function's intent if it needs none.",
		"Replace the route to pcx-1 by one to a NAT gateway, or declare it trusted if its VPC does lead out.",
	])
}

_app(routes) := fixtures.estate({"route_tables": fixtures.tables(routes, [])})

_text(document) := text if {
	texts := _texts with input as document # regal ignore:with-outside-test-context
	some text in texts
}

_texts := {faults.text(place, object.keys(outcomes)) | some place, outcomes in path.by_place}
