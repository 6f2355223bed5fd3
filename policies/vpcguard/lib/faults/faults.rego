# METADATA
# title: Faults
# description: What is wrong with the way out of subnets, in plain words, and what to do next.
package vpcguard.lib.faults

import data.vpcguard.lib.facts
import data.vpcguard.lib.path
import data.vpcguard.lib.result

# METADATA
# description: |
#   What keeps these subnets of a place (lib.path), all without a way out, from the internet: a clause for each fault,
#   e.g. "from subnet-0a (eu-west-1a), 0.0.0.0/0 goes to nat-0b, which is deleted".
# scope: document
text(place, subnet_ids) := concat("; ", {clause |
	faults := {id: _wrong(path.by_place[place][id]) | some id in subnet_ids}
	some fault in faults
	clause := sprintf("from %s, %s", [result.subnets({id | some id, same in faults; same == fault}), fault])
})

# METADATA
# description: |
#   What to do about it, a sentence for each kind of repair, where intent (of egress) is what is declared: who has
#   declared that the internet is needed is not told to declare whether it is.
# scope: document
advice(place, subnet_ids, intent) := concat(" ", {text |
	some id in subnet_ids
	outcome := path.by_place[place][id]
	text := _advised(outcome, intent)
})

_wrong(outcome) := _fault(outcome) if outcome.root != ""

_wrong(outcome) := $"parts of the default traffic of {outcome.hops[0].id} fail at different places" if {
	outcome.root == ""
}

_advised(outcome, intent) := sprintf(_repair(outcome, intent), [outcome.root]) if outcome.root != ""

_advised(outcome, _) := $"Give {outcome.hops[0].id} one default route to a NAT gateway that works." if {
	outcome.root == ""
}

_fault(outcome) := sprintf(_faults[outcome.cause], [_traffic(outcome), _last(outcome).id]) if {
	outcome.cause in {"public_subnet", "blackhole", "peering"}
}

_fault(outcome) := sprintf("%s goes to %s, which is %s", [_traffic(outcome), outcome.root, _last(outcome).state]) if {
	outcome.cause == "nat_unavailable"
}

_fault(outcome) := sprintf(_faults[outcome.cause], [_traffic(outcome), result.list(outcome.nat_ids)]) if {
	outcome.cause in {"nat_private", "nat_without_internet_gateway"}
}

_fault(outcome) := sprintf("%s goes to a NAT instance that cannot pass it on: %s", [_traffic(outcome), trouble]) if {
	outcome.cause == "nat_instance_unusable"
	trouble := sprintf(_trouble(outcome).text, [outcome.root])
}

_fault(outcome) := sprintf("the way leads to %s, which is not attached to the VPC", [_last(outcome).id]) if {
	outcome.cause == "internet_gateway_detached"
}

_fault(outcome) := sprintf("VPC Block Public Access stops the traffic at %s", [outcome.root]) if {
	outcome.cause == "block_public_access"
}

_fault(outcome) := sprintf("%s has no default route", [_last(outcome).id]) if {
	outcome.cause == "no_default_route"
	not startswith(_last(outcome).state, "only_")
}

_fault(outcome) := sprintf("%s has a route for %s alone, half of a default route", [_last(outcome).id, half]) if {
	outcome.cause == "no_default_route"
	startswith(_last(outcome).state, "only_")
	half := trim_prefix(_last(outcome).state, "only_")
}

_repair(outcome, intent) := _repairs[outcome.cause] if not _special(outcome, intent)

_repair(outcome, intent) := _special(outcome, intent)

_special(outcome, "internet") := "Give %s a default route to a NAT gateway." if outcome.cause == "no_default_route"

_special(outcome, _) := "Wait until %s is available; if it fails, replace it." if {
	outcome.cause == "nat_unavailable"
	lower(_last(outcome).state) == "pending"
}

# a regional gateway without a table of its own leaves by the gateway of its VPC
_special(outcome, _) := "Attach an internet gateway to the VPC of %s." if {
	outcome.cause == "nat_without_internet_gateway"
	outcome.root in outcome.nat_ids
}

_special(outcome, _) := _trouble(outcome).repair if {
	outcome.cause == "nat_instance_unusable"
}

# halves of a default route are routes of their own
_traffic(outcome) := "default traffic" if _is_halved(outcome)

_traffic(outcome) := "0.0.0.0/0" if not _is_halved(outcome)

_is_halved(outcome) if {
	some hop in outcome.hops
	some route in facts.route_tables[hop.id].routes
	route.destination in {"0.0.0.0/1", "128.0.0.0/1"}
}

# what keeps a NAT instance from its work: it or its interface, else its own way out
_trouble(outcome) := array.concat(
	[_troubles[[hop.kind, lower(hop.state)]] | some hop in outcome.hops; hop.id == outcome.root],
	[_no_way_on],
)[0]

_last(outcome) := outcome.hops[count(outcome.hops) - 1]

_faults := {
	"public_subnet": "%s goes to %s, an internet gateway, which serves public addresses only",
	"blackhole": "%s goes to %s, which is a black hole (gone, detached or stopped)",
	"peering": "%s goes to %s, a peering connection, which carries nothing on to the internet",
	"nat_private": "%s goes to %s, a private NAT gateway, which has no way to the internet",
	"nat_without_internet_gateway": "%s goes to %s, whose own way out has no internet gateway",
}

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

_troubles := {
	["network_interface", "source_dest_check"]: {
		"text": "%s checks source and destination",
		"repair": "Turn off the source/destination check of %s, or replace the NAT instance by a NAT gateway.",
	},
	["instance", "stopped"]: {
		"text": "%s is stopped",
		"repair": "Start %s, or replace the NAT instance by a NAT gateway.",
	},
	["network_interface", "missing"]: _gone,
	["instance", "missing"]: _gone,
	["internet_gateway", "detached"]: {
		"text": "%s is not attached to the VPC",
		"repair": "Attach %s to the VPC.",
	},
}

_gone := {
	"text": "%s does not exist",
	"repair": "Replace %s by a NAT gateway, and point the default route to it.",
}

_no_way_on := {
	"text": "%s does not pass it on",
	"repair": "Repair %s, or replace the NAT instance by a NAT gateway.",
}
