# METADATA
# title: Endpoint fixtures
# description: |
#   Builds endpoints, groups, tables and roles for the tests of everything that judges endpoints. Part of no bundle.
package vpcguard.lib.endpoint_fixtures_test

import data.vpcguard.lib.fixtures_test as fixtures

# vpc-1 with DNS, subnets a1 and b1 in two zones whose tables rtb-a and rtb-b have no default route, group sg-f that
# lets everything out, and function orders in both, whose role allows these actions; more replaces any part.
document(actions, more) := fixtures.whole(object.union(
	{
		"functions": [fixtures.function("orders", ["a1", "b1"], {})],
		"subnets": [subnet("a1", "a", "10.0.1.0/24"), subnet("b1", "b", "10.0.2.0/24")],
		"vpcs": [vpc({"dns_support": true, "dns_hostnames": true})],
		"route_tables": [table("rtb-a", ["a1"], []), table("rtb-b", ["b1"], [])],
		"security_groups": [group("sg-f", {"egress": [rule({"protocol": "-1", "ipv4_cidrs": ["0.0.0.0/0"]})]})],
		"roles": [role([statement("Allow", {"actions": actions})])],
	},
	more,
))

# The document, with further tags of the function.
tagged(base, tags) := object.union(
	base,
	{"functions": [object.union(one, {"tags": fixtures.tags(tags)}) | some one in base.functions]},
)

subnet(id, zone, cidr) := object.union(fixtures.subnet(id, zone), {"ipv4_cidr": cidr})

vpc(more) := object.union(
	{"id": "vpc-1", "owner_id": "111122223333", "ipv4_cidrs": ["10.0.0.0/16"], "ipv6_cidrs": []},
	more,
)

table(id, subnet_ids, routes) := {
	"id": id,
	"vpc_id": "vpc-1",
	"is_main": false,
	"subnet_ids": subnet_ids,
	"routes": routes,
}

route(family, destination, kind, target) := {
	"family": family,
	"destination": destination,
	"target_kind": kind,
	"target_id": target,
	"state": "active",
	"origin": "static",
}

group(id, more) := object.union({"id": id, "vpc_id": "vpc-1", "ingress": [], "egress": []}, more)

rule(more) := object.union(
	{"protocol": "-1", "ipv4_cidrs": [], "ipv6_cidrs": [], "prefix_list_ids": [], "group_ids": []},
	more,
)

# A rule for one TCP port.
tcp(port, more) := rule(object.union({"protocol": "tcp", "from_port": port, "to_port": port}, more))

# An available interface endpoint in a1 and b1 that catches the name, with group sg-e.
interface(id, service, more) := object.union(
	{
		"id": id,
		"vpc_id": "vpc-1",
		"type": "Interface",
		"service_name": $"com.amazonaws.eu-west-1.{service}",
		"state": "available",
		"private_dns_enabled": true,
		"private_dns_only_for_inbound_resolver": false,
		"route_table_ids": [],
		"subnet_ids": ["a1", "b1"],
		"security_group_ids": ["sg-e"],
		"has_default_policy": true,
	},
	more,
)

# The group of that endpoint, with one rule that lets TCP 443 in.
endpoint_group(more) := group("sg-e", {"ingress": [tcp(443, more)]})

# An available gateway endpoint, associated with these tables.
gateway(id, service, table_ids) := object.union(interface(id, service, {}), {
	"type": "Gateway",
	"private_dns_enabled": false,
	"route_table_ids": table_ids,
	"subnet_ids": [],
	"security_group_ids": [],
})

# The document, with this default route in both tables, and a public subnet p1 that holds NAT gateway nat-1.
leaving(base, routes) := object.union(base, {
	"transit_gateway_attachments": [fixtures.attachment("tgw-1", ["a1", "b1"])],
	"subnets": array.concat(base.subnets, [subnet("p1", "a", "10.0.9.0/24")]),
	"route_tables": [
		table("rtb-a", ["a1"], routes),
		table("rtb-b", ["b1"], routes),
		table("rtb-p", ["p1"], [route("ipv4", "0.0.0.0/0", "internet_gateway", "igw-1")]),
	],
	"nat_gateways": [{
		"id": "nat-1",
		"vpc_id": "vpc-1",
		"state": "available",
		"connectivity_type": "public",
		"is_regional": false,
		"is_automatic": false,
		"subnet_id": "p1",
		"zone_ids": [],
	}],
	"internet_gateways": [{"id": "igw-1", "attachments": [{"vpc_id": "vpc-1", "state": "available"}]}],
})

# The document behind that NAT gateway.
behind_nat(base) := leaving(base, [to_nat])

to_nat := route("ipv4", "0.0.0.0/0", "nat_gateway", "nat-1")

role(statements) := {
	"names": ["role-f"],
	"statements": statements,
	"has_boundary": false,
	"boundary_statements": [],
}

statement(effect, more) := object.union(
	{
		"effect": effect,
		"actions": [],
		"not_actions": [],
		"resources": ["*"],
		"not_resources": [],
		"condition_keys": [],
	},
	more,
)
