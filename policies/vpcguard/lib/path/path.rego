# METADATA
# title: Path
# description: |
#   Does a subnet give a cohort's functions a way to the internet? Routing only; groups and ACLs have rules of their
#   own.
package vpcguard.lib.path

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.outcomes
import data.vpcguard.lib.ways

# METADATA
# description: |
#   By cohort key and subnet id, the outcome that counts for the cohort's functions, IPv6 included. Missing subnets
#   are left out; a hidden one is unknown.
of := {key: object.union_n([unjudged, seen, hidden]) |
	some key, cohort in cohorts.by_key
	trust := config.trust_of[cohort.signature]
	seen := {id: _either(ways.ipv4[trust][id], _usable_ipv6(key, trust, id)) | some id in cohort.subnets}
	hidden := {id: outcomes.unknown(waits, []) | some id, waits in cohort.hidden_subnets}

	# were a way ever left without an outcome, it would be in doubt and not pass
	unjudged := {id: outcomes.unknown({{"status": "undecidable", "name": id, "reason": "not judged"}}, []) |
		some id in cohort.subnets
	}
}

# METADATA
# description: |
#   By cohort key, subnet ids by state: {"works", "none", "unknown"}, and "waits", all that the unknown ones wait for.
summary := {key: sorted |
	some key, by_subnet in of
	sorted := {
		"works": {id | some id, outcome in by_subnet; outcome.state == "works"},
		"none": {id | some id, outcome in by_subnet; outcome.state == "none"},
		"unknown": {id | some id, outcome in by_subnet; outcome.state == "unknown"},
		"waits": union({outcome.waits | some outcome in by_subnet}),
	}
}

# METADATA
# description: |
#   By cohort key, the list for evidence.subnets: {"subnet_id", "zone_id", "state", "cause", "hops"}, null where
#   there is none.
evidence := {key: shown |
	some key, by_subnet in of
	shown := [one |
		some id, outcome in by_subnet
		one := {
			"subnet_id": id,
			"zone_id": object.get(_zone_ids, id, null),
			"state": outcome.state,
			"cause": {true: null, false: outcome.cause}[outcome.cause == ""],
			"hops": outcome.hops,
		}
	]
}

# METADATA
# description: What to repair for several subnets of a cohort that have no way out, as a set; one id if they share it.
# scope: document
roots(key, subnet_ids) := {root |
	some id in subnet_ids
	root := of[key][id].root
	root != ""
}

# METADATA
# description: By cohort key, the subnets whose way out is IPv6 alone.
ipv6_only := {key: {id | some id, outcome in by_subnet; outcome.is_ipv6_only} | some key, by_subnet in of}

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

# every subnet must be dual-stack; a hidden one may be or not
_usable_ipv6(key, trust, id) := ways.ipv6[trust][id] if {
	cohorts.by_key[key].is_dual_stack_allowed
	cohorts.by_key[key].subnets - _dual_stack == set()
	cohorts.by_key[key].hidden_subnets == {}
}

_usable_ipv6(key, trust, id) := outcomes.unknown(waits, ways.ipv6[trust][id].hops) if {
	cohorts.by_key[key].is_dual_stack_allowed
	cohorts.by_key[key].subnets - _dual_stack == set()
	cohorts.by_key[key].hidden_subnets != {}
	ways.ipv6[trust][id].state != "none"
	waits := cohorts.hidden_subnet_waits[key] | ways.ipv6[trust][id].waits
}

_usable_ipv6(key, trust, id) := ways.ipv6[trust][id] if {
	cohorts.by_key[key].is_dual_stack_allowed
	cohorts.by_key[key].subnets - _dual_stack == set()
	ways.ipv6[trust][id].state == "none"
}

_usable_ipv6(key, _, _) := outcomes.none("", "", []) if not _may_use_ipv6(key)

_may_use_ipv6(key) if {
	cohorts.by_key[key].is_dual_stack_allowed
	cohorts.by_key[key].subnets - _dual_stack == set()
}

_dual_stack := {one.id |
	some one in input.subnets
	one.ipv6_cidrs != []
	one.is_ipv6_only == false
}

_zone_ids := {one.id: one.zone_id | some one in input.subnets}
