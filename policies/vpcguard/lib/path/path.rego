# METADATA
# title: Path
# description: |
#   Does a subnet give a cohort's functions a way to the internet? Routing only; groups and ACLs have rules of their
#   own.
package vpcguard.lib.path

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.intent
import data.vpcguard.lib.outcomes
import data.vpcguard.lib.ways

# METADATA
# description: |
#   By cohort key and subnet id, the outcome that counts for the cohort's functions, IPv6 included. Missing subnets
#   are left out; a hidden one is unknown. Cohorts without a subnet left are left out.
of := {key: by_place[place] | some key, place in place_of}

# METADATA
# description: |
#   The place of each cohort that has a subnet left: [key of config.trusts, key of cohorts.spreads]. All cohorts of a
#   place have the same ways, so rules judge places, and cohorts only at those where there is something to say.
place_of := {key: [config.trust_of[cohorts.by_key[key].signature], spread] |
	some spread in cohorts.spreads_with_subnets
	some key in cohorts.of_spread[spread]
}

# METADATA
# description: By place, the keys of its cohorts.
cohorts_at := {place: keys |
	some place in {place | some place in place_of}
	keys := {key | some key, other in place_of; other == place}
}

# METADATA
# description: Functions with a subnet left to which the way out may matter, by intent.
needed_by := cohorts.functions_with_subnets - cohorts.functions({key |
	some intent_key, one in intent.by_key
	not intent.may_need_internet(one)
	some key in cohorts.of_intent[intent_key]
})

# METADATA
# description: As of, by place.
by_place := {place: object.union_n([seen, over_ipv6, hidden]) |
	some place, _ in cohorts_at
	[trust, key] := place
	spread := cohorts.spreads[key]
	seen := object.filter(ways.ipv4[trust], spread.subnets)
	over_ipv6 := {id: _either(ways.ipv4[trust][id], _over_ipv6(spread, ways.ipv6[trust][id])) |
		key in _with_ipv6
		some id in spread.subnets
	}
	hidden := {id: outcomes.unknown(waits, []) | some id, waits in spread.hidden_subnets}
}

# METADATA
# description: |
#   By place, subnet ids by state: {"works", "none", "unknown"}, and "waits", all that the unknown ones wait for.
summary := {place: sorted |
	some place, by_subnet in by_place
	sorted := {
		"works": {id | some id, outcome in by_subnet; outcome.state == "works"},
		"none": {id | some id, outcome in by_subnet; outcome.state == "none"},
		"unknown": {id | some id, outcome in by_subnet; outcome.state == "unknown"},
		"waits": union({outcome.waits | some outcome in by_subnet}),
	}
}

# METADATA
# description: |
#   The list for evidence.subnets of a place: {"subnet_id", "zone_id", "state", "cause", "hops"}, null where there is
#   none.
# scope: document
evidence(place) := [one |
	some id, outcome in by_place[place]
	one := {
		"subnet_id": id,
		"zone_id": object.get(_zone_ids, id, null),
		"state": outcome.state,
		"cause": {true: null, false: outcome.cause}[outcome.cause == ""],
		"hops": outcome.hops,
	}
]

# METADATA
# description: |
#   What to repair for several subnets of a place that have no way out, as a set: one id if they share it, empty where
#   one of them has no single thing to repair.
# scope: document
roots(place, subnet_ids) := {true: set(), false: found}["" in found] if {
	found := {by_place[place][id].root | some id in subnet_ids}
}

# IPv6 counts where nothing else is said about IPv4
_either(over_ipv4, over_ipv6) := over_ipv4 if _settles(over_ipv4.state, over_ipv6.state)

_either(over_ipv4, over_ipv6) := object.union(over_ipv6, {"is_ipv6_only": true}) if {
	over_ipv4.state != "works"
	over_ipv6.state == "works"
}

_either(over_ipv4, over_ipv6) := outcomes.unknown(over_ipv4.waits | over_ipv6.waits, over_ipv4.hops) if {
	over_ipv4.state != "works"
	over_ipv6.state == "unknown"
}

_settles("works", _) := true

_settles(_, "none") := true

# a hidden subnet may be dual-stack or not
_over_ipv6(spread, outcome) := outcome if spread.hidden_subnets == {}

_over_ipv6(spread, outcome) := outcome if {
	spread.hidden_subnets != {}
	outcome.state == "none"
}

_over_ipv6(spread, outcome) := outcomes.unknown(spread.hidden_subnet_waits | outcome.waits, outcome.hops) if {
	spread.hidden_subnets != {}
	outcome.state != "none"
}

# every subnet must be dual-stack
_with_ipv6 := {key |
	some key, spread in cohorts.spreads
	spread.is_dual_stack_allowed
	spread.subnets - _dual_stack == set()
}

_dual_stack := {one.id |
	some one in input.subnets
	one.ipv6_cidrs != []
	one.is_ipv6_only == false
}

_zone_ids := {one.id: one.zone_id | some one in input.subnets}
