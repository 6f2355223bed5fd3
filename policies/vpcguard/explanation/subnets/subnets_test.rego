package vpcguard.explanation.subnets_test

import data.vpcguard.explanation.subnets
import data.vpcguard.lib.fixtures_test as fixtures

test_a_working_way_hop_by_hop_and_the_addresses_left if {
	shown := subnets.of with input as fixtures.estate({})
	shown == {"orders": [{
		"subnet_id": "app",
		"text": "app (eu-west-1a)",
		"existence": "seen",
		"zone_id": "euw1-az-a",
		"zone_name": "eu-west-1a",
		"route_table_id": "rtb-app",
		"path": {
			"state": "works",
			"cause": null,
			"root_cause": null,
			"hops": [
				{"id": "rtb-app", "kind": "route_table", "state": "active"},
				{"id": "nat-1", "kind": "nat_gateway", "state": "available"},
				{"id": "rtb-pub", "kind": "route_table", "state": "active"},
				{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
			],
			"waits_for": set(),
			"text": "leads to the internet through nat-1",
		},
		"addresses": {
			"free": 200,
			"interface": "missing",
			"waits_for": set(),
			"text": concat("; ", [
				"200 free in 10.0.1.0/24",
				"Lambda's interface is still to be made, which takes one",
			]),
		},
	}]}
}

test_a_broken_way_names_its_cause if {
	document := fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": "failed"})]})
	path := subnets.of.orders[0].path with input as document
	[path.state, path.cause, path.root_cause] == ["none", "nat_unavailable", "nat-1"]
	path.text == "from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, which has failed"
}

test_a_way_by_an_address_of_lambdas_own_interface_says_how_fragile_it_is if {
	document := fixtures.estate({
		"route_tables": fixtures.tables([fixtures.to("internet_gateway", "igw-1")], []),
		"network_interfaces": [{
			"id": "eni-l",
			"vpc_id": "vpc-1",
			"subnet_id": "app",
			"text": "app (eu-west-1a)",
			"security_group_ids": ["sg-f"],
			"interface_type": "lambda",
			"is_lambda": true,
			"public_ip": "198.51.100.9",
		}],
	})
	path := subnets.of.orders[0].path with input as document
	path.text == concat(" ", [
		"leads to the internet by the Elastic IP of Lambda's own interface eni-l:",
		"not supported by AWS, and lost as soon as Lambda makes the interface anew",
	])
}

test_a_way_that_nobody_can_look_into_says_what_it_waits_for if {
	tables := fixtures.tables([fixtures.to("transit_gateway", "tgw-1")], [])
	path := subnets.of.orders[0].path with input as fixtures.estate({"route_tables": tables})
	path.state == "unknown"
	path.waits_for == {{"name": "tgw-1", "reason": "nothing is read behind a transit gateway", "status": "opaque"}}
	path.text == "cannot be told: it waits for tgw-1 (nothing is read behind a transit gateway)"
}

test_a_trusted_way_works_through_its_last_hop if {
	document := fixtures.estate({
		"route_tables": fixtures.tables([fixtures.to("transit_gateway", "tgw-1")], []),
		"config": {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-1"}]},
	})
	path := subnets.of.orders[0].path with input as document
	path.text == "leads to the internet through tgw-1"
}

test_a_way_over_ipv6_alone_says_so if {
	to_gateway := object.union(
		fixtures.to("egress_only_internet_gateway", "eigw-1"),
		{"family": "ipv6", "destination": "::/0"},
	)
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": [object.union(fixtures.subnet("app", "a"), {"ipv6_cidrs": ["2001:db8::/64"]})],
		"route_tables": fixtures.tables([to_gateway], []),
		"egress_only_internet_gateways": [{
			"id": "eigw-1",
			"attachments": [{"vpc_id": "vpc-1", "state": "attached"}],
		}],
	})
	path := subnets.of.orders[0].path with input as document
	path.text == "leads to the internet, over IPv6 alone, through eigw-1"
}

test_a_missing_subnet_has_neither_way_nor_addresses if {
	document := fixtures.estate({"functions": [fixtures.function("orders", ["app", "gone"], {})]})
	shown := subnets.of.orders with input as document
	shown[1] == {
		"subnet_id": "gone",
		"text": "gone",
		"existence": "missing",
		"zone_id": null,
		"zone_name": null,
		"route_table_id": null,
		"path": null,
		"addresses": null,
	}
}

test_a_hidden_subnet_waits_for_being_read if {
	whole := fixtures.estate({"functions": [fixtures.function("orders", ["hidden"], {})], "subnets": []})
	shown := subnets.of.orders with input as fixtures.denied(whole, {"subnets": "ec2:DescribeSubnets"})
	[shown[0].existence, shown[0].path.state, shown[0].addresses] == ["unknown", "unknown", null]
}

test_a_function_outside_a_vpc_has_none if {
	document := fixtures.estate({"functions": [fixtures.function("orders", [], {})]})
	shown := subnets.of with input as document
	shown == {"orders": []}
}

test_lambdas_interface_is_there_already if {
	document := fixtures.estate({"network_interfaces": [{
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"subnet_id": "app",
		"text": "app (eu-west-1a)",
		"security_group_ids": ["sg-f"],
		"is_lambda": true,
		"owner_id": "111122223333",
	}]})
	addresses := subnets.of.orders[0].addresses with input as document
	addresses.interface == "present"
	addresses.text == "200 free in 10.0.1.0/24; Lambda's interface is there"
}

test_interfaces_that_nobody_read_are_unknown if {
	denied := fixtures.denied(fixtures.estate({}), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	addresses := subnets.of.orders[0].addresses with input as denied
	addresses.interface == "unknown"
	{wait.name | some wait in addresses.waits_for} == {"ec2:DescribeNetworkInterfaces"}
	endswith(addresses.text, "whether Lambda's interface is there was not read")
}

test_an_untold_count_of_addresses_is_unknown if {
	untold := object.remove(fixtures.subnet("app", "a"), ["free_ipv4_addresses"])
	addresses := subnets.of.orders[0].addresses with input as fixtures.estate({"subnets": [untold]})
	addresses.free == null
	{wait.name | some wait in addresses.waits_for} == {"ec2:DescribeSubnets"}
	startswith(addresses.text, "nobody could tell how many are free; ")
}

test_a_subnet_for_ipv6_alone_has_no_ipv4_addresses if {
	only := object.remove(
		object.union(fixtures.subnet("app", "a"), {"is_ipv6_only": true, "ipv6_cidrs": ["2001:db8::/64"]}),
		["free_ipv4_addresses", "ipv4_cidr"],
	)
	addresses := subnets.of.orders[0].addresses with input as fixtures.estate({"subnets": [only]})
	[addresses.free, addresses.waits_for] == [null, set()]
	startswith(addresses.text, "no IPv4 addresses, as the subnet is for IPv6 alone; ")
}
