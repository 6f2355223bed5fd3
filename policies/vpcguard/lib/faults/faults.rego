# METADATA
# title: Faults
# description: What is wrong with the way out of subnets, in plain words, and what to do next.
package vpcguard.lib.faults

import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: |
#   What keeps these subnets of a cohort, all without a way out, from the internet: a clause for each fault, e.g. "from
#   subnet-0a (eu-west-1a), 0.0.0.0/0 goes to nat-0b, which is deleted".
# scope: document
text(key, subnet_ids) := concat("; ", {clause |
	faults := {id: _fault(egress.of[key][id]) | some id in subnet_ids}
	some fault in faults
	clause := sprintf("from %s, %s", [result.subnets({id | some id, same in faults; same == fault}), fault])
})

# METADATA
# description: |
#   What to do about it, a sentence for each kind of repair, where intent (of egress) is what is declared: who has
#   declared that the internet is needed is not told to declare whether it is.
# scope: document
advice(key, subnet_ids, intent) := concat(" ", {_repair(egress.of[key][id], intent) | some id in subnet_ids})

_fault(path) := $"parts of the default traffic of {path.hops[0].id} fail at different places" if {
	path.root == ""
} else := $"{_traffic(path)} goes to {_last(path).id}, an internet gateway, which serves public addresses only" if {
	path.cause == "public_subnet"
} else := $"{_traffic(path)} goes to {_last(path).id}, which is a black hole (gone, detached or stopped)" if {
	path.cause == "blackhole"
} else := sprintf("%s goes to %s, a peering connection, which carries nothing on to the internet", [
	_traffic(path),
	_last(path).id,
]) if {
	path.cause == "peering"
} else := $"{_traffic(path)} goes to {path.root}, which is {_last(path).state}" if {
	path.cause == "nat_unavailable"
} else := sprintf("%s goes to %s, a private NAT gateway, which has no way to the internet", [
	_traffic(path),
	result.list(path.nat_ids),
]) if {
	path.cause == "nat_private"
} else := $"{_traffic(path)} goes to {result.list(path.nat_ids)}, whose own way out has no internet gateway" if {
	path.cause == "nat_without_internet_gateway"
} else := $"{_traffic(path)} goes to a NAT instance that cannot pass it on: {path.root} {_trouble(path).text}" if {
	path.cause == "nat_instance_unusable"
} else := $"the way leads to {_last(path).id}, which is not attached to the VPC" if {
	path.cause == "internet_gateway_detached"
} else := $"VPC Block Public Access stops the traffic at {path.root}" if {
	path.cause == "block_public_access"
} else := $"{_last(path).id} has a route for {half} alone, half of a default route" if {
	startswith(_last(path).state, "only_")
	half := trim_prefix(_last(path).state, "only_")
} else := $"{_last(path).id} has no default route"

_repair(path, intent) := $"Give {path.hops[0].id} one default route to a NAT gateway that works." if {
	path.root == ""
} else := $"Give {path.root} a default route to a NAT gateway." if {
	[path.cause, intent] == ["no_default_route", "internet"]
} else := $"Wait until {path.root} is available; if it fails, replace it." if {
	path.cause == "nat_unavailable"
	lower(_last(path).state) == "pending"
} else := $"Attach an internet gateway to the VPC of {path.root}." if {
	# a regional gateway without a table of its own leaves by the gateway of its VPC
	path.cause == "nat_without_internet_gateway"
	path.root in path.nat_ids
} else := sprintf(_trouble(path).repair, [path.root]) if {
	path.cause == "nat_instance_unusable"
} else := sprintf(_repairs[path.cause], [path.root])

_repairs := {
	"public_subnet": "Point the default route of %s to a NAT gateway, or move the function to private subnets.",
	"no_default_route": "Give %s a default route to a NAT gateway, or declare the function's intent if it needs none.",
	"blackhole": "Point the default route of %s to a NAT gateway that is available.",
	"peering": "Replace the route to %s by one to a NAT gateway, or declare it trusted if its VPC does lead out.",
	"internet_gateway_detached": "Attach %s to the VPC.",
	"nat_unavailable": "Replace %s by a NAT gateway that is available, and point the default route to it.",
	"nat_private": "Replace %s by a public NAT gateway.",
	"nat_without_internet_gateway": "Give %s a default route to the VPC's internet gateway.",
	"block_public_access": "Exclude %s from Block Public Access if the traffic is meant.",
}

# halves of a default route are routes of their own
_traffic(path) := "default traffic" if {
	some hop in path.hops
	some route in facts.route_tables[hop.id].routes
	route.destination in {"0.0.0.0/1", "128.0.0.0/1"}
} else := "0.0.0.0/0"

_last(path) := path.hops[count(path.hops) - 1]

# what keeps a NAT instance from its work: it or its interface, else its own way out
_trouble(path) := array.concat(
	[_troubles[[hop.kind, lower(hop.state)]] | some hop in path.hops; hop.id == path.root],
	[_no_way_on],
)[0]

_troubles := {
	["network_interface", "source_dest_check"]: {
		"text": "checks source and destination",
		"repair": "Turn off the source/destination check of %s, or replace the NAT instance by a NAT gateway.",
	},
	["instance", "stopped"]: {
		"text": "is stopped",
		"repair": "Start %s, or replace the NAT instance by a NAT gateway.",
	},
	["network_interface", "missing"]: _gone,
	["instance", "missing"]: _gone,
	["internet_gateway", "detached"]: {
		"text": "is not attached to the VPC",
		"repair": "Attach %s to the VPC.",
	},
}

_gone := {
	"text": "does not exist",
	"repair": "Replace %s by a NAT gateway, and point the default route to it.",
}

_no_way_on := {
	"text": "does not pass it on",
	"repair": "Repair %s, or replace the NAT instance by a NAT gateway.",
}
