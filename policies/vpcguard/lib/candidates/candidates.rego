# METADATA
# title: Candidates
# description: |
#   Subnets that functions could use beside their own: available, in an ordinary Availability Zone that they do not use,
#   seen by this account, and like one of theirs in owner, IP stack and where the default routes lead. Local Zones,
#   Wavelength Zones and Outposts are no place for a function.
#   https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html
package vpcguard.lib.candidates

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts

# METADATA
# description: |
#   Those beside these subnets of a VPC, for certain. Functions of many cohorts use the same subnets, and OPA answers
#   once.
fitting(subnets, vpc_id) := {id |
	some id, waits in _elsewhere(subnets, vpc_id)
	waits == set()
	_kind(id) in own
} if {
	own := {_kind(id) | some id in subnets}
}

# METADATA
# description: What it takes to know that there are no others.
waits(subnets, vpc_id) := union({
	facts.waits("visible_subnets", vpc_id),
	{wait | candidates != {}; some wait in facts.waits_for_zones(subnets)},
	{wait | some id, of_place in candidates; some wait in (of_place | _kind_waits(id))},
	{wait | candidates != {}; some id in subnets; some wait in _kind_waits(id)},
}) if {
	own := {_kind(id) | some id in subnets}
	candidates := {id: of_place | some id, of_place in _elsewhere(subnets, vpc_id); _may_fit(id, own, subnets)}
}

# one of another kind, for certain, is none whatever its zone is
_may_fit(id, own, _) if _kind(id) in own

_may_fit(id, _, subnets) if {
	some one in (subnets | {id})
	_kind_waits(one) != set()
}

# the subnets of the VPC in other zones, with what it takes to know that each can be used
_elsewhere(subnets, vpc_id) := {id: waits |
	zones := {facts.subnets[id].zone_id | some id in subnets}
	some id, waits in _usable[vpc_id]
	not facts.subnets[id].zone_id in zones
}

_usable := {vpc_id: found |
	some vpc_id in {cohort.vpc_id | some cohort in cohorts.with_subnets}
	found := {one.id: _zone_waits[one.zone_id] |
		some one in input.subnets
		one.vpc_id == vpc_id
		one.is_visible
		lower(one.state) == "available"
		not one.outpost_arn
	}
}

# by zone that is an ordinary one, or may be, what it takes to know that
_zone_waits := object.union(
	{one.id: set() |
		some one in input.availability_zones
		one.type == "availability-zone"
		lower(one.state) in {"available", "information"}
	},
	{id: waits |
		some id in {one.zone_id | some one in input.subnets}
		not id in {one.id | some one in input.availability_zones}
		waits := _unread_zone(id, facts.waits("availability_zones", ""))
	},
)

# A complete answer holds all zones that the account may use. What was never asked for is told by the zone's id:
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
_unread_zone(id, waits) := set() if {
	"not_requested" in {wait.status | some wait in waits}
	regex.match(`^[a-z0-9]+-az[0-9]+$`, id)
} else := waits if {
	waits != set()
	not "not_requested" in {wait.status | some wait in waits}
}

# what must be alike where it is known
_kind(id) := {
	"owner": {owner | owner := facts.subnets[id].owner_id},
	"has_ipv6": {true | some _ in facts.subnets[id].ipv6_cidrs},
	"is_ipv6_only": facts.subnets[id].is_ipv6_only,
	"default": {_leading_to(route) | some route in routes},
} if {
	routes := egress.default_routes("ipv4", id, facts.subnets[id].vpc_id)
	every route in routes { route.waits == set() }
}

# behind anything but these lies one particular thing
_leading_to(route) := route.kind if {
	route.kind != "route"
} else := "blackhole" if {
	route.state == "blackhole"
} else := object.get(_alike, route.target_kind, route.target_id)

_alike := {"nat_gateway": "nat", "network_interface": "nat", "internet_gateway": "internet_gateway"}

# what would settle the kind of a subnet: two ways over different endpoints that nobody saw may go on alike
_kind_waits(id) := union({route.waits | some route in routes}) | {wait |
	some route in routes
	[route.kind, route.state, route.target_kind] == ["route", "active", "vpc_endpoint"]
	not facts.vpc_endpoints[route.target_id]
	some wait in facts.waits("vpc_endpoints", route.vpc_id)
} if {
	routes := egress.default_routes("ipv4", id, facts.subnets[id].vpc_id)
}
