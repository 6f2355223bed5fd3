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
of := {key: by_spread[config.trust_of[cohort.signature]][cohort.spread] | some key, cohort in cohorts.by_key}

# METADATA
# description: |
#   By cohort key, subnet ids by state: {"works", "none", "unknown"}, and "waits", all that the unknown ones wait for.
summary := {key: summary_by_spread[config.trust_of[cohort.signature]][cohort.spread] |
	some key, cohort in cohorts.by_key
}

# METADATA
# description: |
#   By cohort key, the list for evidence.subnets: {"subnet_id", "zone_id", "state", "cause", "hops"}, null where
#   there is none.
evidence := {key: _evidence[config.trust_of[cohort.signature]][cohort.spread] | some key, cohort in cohorts.by_key}

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

# METADATA
# description: |
#   As of, by key of config.trusts and of cohorts.spreads: the work is done once for each, and cohorts share it.
by_spread := {trust: outcomes_of |
	some trust, _ in config.trusts
	outcomes_of := {key: object.union_n([unjudged, seen, hidden]) |
		some key, spread in cohorts.spreads
		seen := {id: _either(ways.ipv4[trust][id], _usable_ipv6(spread, trust, id)) | some id in spread.subnets}
		hidden := {id: outcomes.unknown(waits, []) | some id, waits in spread.hidden_subnets}

		# were a way ever left without an outcome, it would be in doubt and not pass
		unjudged := {id: outcomes.unknown({{"status": "undecidable", "name": id, "reason": "not judged"}}, []) |
			some id in spread.subnets
		}
	}
}

# METADATA
# description: As summary, by key of config.trusts and of cohorts.spreads.
summary_by_spread := {trust: summaries |
	some trust, outcomes_of in by_spread
	summaries := {key: sorted |
		some key, by_subnet in outcomes_of
		sorted := {
			"works": {id | some id, outcome in by_subnet; outcome.state == "works"},
			"none": {id | some id, outcome in by_subnet; outcome.state == "none"},
			"unknown": {id | some id, outcome in by_subnet; outcome.state == "unknown"},
			"waits": union({outcome.waits | some outcome in by_subnet}),
		}
	}
}

_evidence := {trust: lists |
	some trust, outcomes_of in by_spread
	lists := {key: shown |
		some key, by_subnet in outcomes_of
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

# every subnet must be dual-stack; a hidden one may be or not
_usable_ipv6(spread, _, _) := outcomes.none("", "", []) if not _may_use_ipv6(spread)

_usable_ipv6(spread, trust, id) := ways.ipv6[trust][id] if {
	_may_use_ipv6(spread)
	spread.hidden_subnets == {}
}

_usable_ipv6(spread, trust, id) := ways.ipv6[trust][id] if {
	_may_use_ipv6(spread)
	ways.ipv6[trust][id].state == "none"
}

_usable_ipv6(spread, trust, id) := outcomes.unknown(waits, ways.ipv6[trust][id].hops) if {
	_may_use_ipv6(spread)
	spread.hidden_subnets != {}
	ways.ipv6[trust][id].state != "none"
	waits := spread.hidden_subnet_waits | ways.ipv6[trust][id].waits
}

_may_use_ipv6(spread) if {
	spread.is_dual_stack_allowed
	spread.subnets - _dual_stack == set()
}

_dual_stack := {one.id |
	some one in input.subnets
	one.ipv6_cidrs != []
	one.is_ipv6_only == false
}

_zone_ids := {one.id: one.zone_id | some one in input.subnets}
