# METADATA
# title: Faults
# description: What is wrong with the way out of subnets, in plain words, and what to do next.
package vpcguard.lib.faults

import data.vpcguard.lib.message
import data.vpcguard.lib.path

# METADATA
# description: |
#   What keeps these subnets of a place (lib.path), all without a way out, from the internet: a clause for each fault,
#   e.g. "from subnet-0a (eu-west-1a), 0.0.0.0/0 goes to nat-0b, which is deleted".
# scope: document
text(place, subnet_ids) := concat("; ", {clause |
	faults := {id: _fault(path.by_place[place][id]) | some id in subnet_ids}
	some fault in faults
	clause := sprintf("from %s, %s", [message.subnets({id | some id, same in faults; same == fault}), fault])
})

# METADATA
# description: What to do about it, a sentence for each kind of repair.
# scope: document
advice(place, subnet_ids) := concat(" ", {_repair(path.by_place[place][id]) | some id in subnet_ids})

_fault(outcome) := sprintf(_faults[outcome.cause], [_last(outcome).id]) if {
	outcome.cause in {"public_subnet", "no_default_route", "blackhole", "peering", "internet_gateway_detached"}
}

_fault(outcome) := sprintf("0.0.0.0/0 goes to %s, which is %s", [outcome.root, _last(outcome).state]) if {
	outcome.cause == "nat_unavailable"
}

_fault(outcome) := sprintf(_faults[outcome.cause], [message.list(outcome.nat_ids)]) if {
	outcome.cause in {"nat_private", "nat_without_internet_gateway"}
}

_fault(outcome) := sprintf(_faults[outcome.cause], [outcome.root]) if {
	outcome.cause in {"nat_instance_unusable", "block_public_access"}
}

_repair(outcome) := sprintf(_repairs[outcome.cause], [outcome.root])

_last(outcome) := outcome.hops[count(outcome.hops) - 1]

_faults := {
	"public_subnet": "0.0.0.0/0 goes to %s, an internet gateway, which serves public addresses only",
	"no_default_route": "%s has no default route",
	"blackhole": "0.0.0.0/0 goes to %s, which is gone",
	"peering": "0.0.0.0/0 goes to %s, a peering connection, which carries nothing on to the internet",
	"internet_gateway_detached": "the way leads to %s, which is not attached to the VPC",
	"nat_private": "0.0.0.0/0 goes to %s, a private NAT gateway, which has no way to the internet",
	"nat_without_internet_gateway": "0.0.0.0/0 goes to %s, whose own way out has no internet gateway",
	"nat_instance_unusable": "0.0.0.0/0 goes to a NAT instance that cannot pass it on because of %s",
	"block_public_access": "VPC Block Public Access stops the traffic at %s",
}

_repairs := {
	"public_subnet": "Point the default route of %s to a NAT gateway, or move the function to private subnets.",
	"no_default_route": "Give %s a default route to a NAT gateway, or declare the function's intent if it needs none.",
	"blackhole": "Point the default route of %s to a NAT gateway that exists.",
	"peering": "Replace the route to %s by one to a NAT gateway, or declare it trusted if its VPC does lead out.",
	"internet_gateway_detached": "Attach %s to the VPC.",
	"nat_unavailable": "Replace %s by a NAT gateway that is available, and point the default route to it.",
	"nat_private": "Replace %s by a public NAT gateway.",
	"nat_without_internet_gateway": "Give %s a default route to the VPC's internet gateway.",
	"nat_instance_unusable": "Repair %s, or replace the NAT instance by a NAT gateway.",
	"block_public_access": "Exclude %s from Block Public Access if the traffic is meant.",
}
