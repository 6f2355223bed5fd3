# METADATA
# title: Cohorts
# description: |
#   Attached functions that no network rule can tell apart: same subnets, groups, IP stack, configuration and intent.
#   A rule judges cohorts and names their functions, so that a thousand functions cost no more than their networks.
package vpcguard.lib.cohorts

import data.vpcguard.lib.config
import data.vpcguard.lib.coverage
import data.vpcguard.lib.intent
import data.vpcguard.lib.network

# METADATA
# description: Cohort key by function name, for every attached function.
of := {name: key |
	some name, spread in _spread_of
	key := concat("\n", [
		spread,
		concat(",", {id | some id in network.attached[name].security_group_ids}),
		config.signature_of[name],
		intent.key_of[name],
	])
}

# METADATA
# description: |
#   By cohort key: {"functions", "vpc_id" ("" where unknown), "is_dual_stack_allowed", "signature" (lib.config),
#   "intent", "intent_key" (lib.intent), "spread", "named_subnets", "subnets", "missing_subnets", "hidden_subnets",
#   "named_groups", "groups", "missing_groups", "hidden_groups"}. "subnets" and "groups" were seen; "missing" ones are
#   proven not to exist; "hidden" ones may exist: id -> waits. named_subnets and named_groups are what the configuration
#   says. spread is a key of spreads.
by_key := {key: cohort |
	some key, members in _members
	name := min(members)
	spread := spreads[_spread_of[name]]
	cohort := object.union_n([
		object.remove(spread, ["hidden_subnet_waits"]),
		_groups(spread.vpc_id, {id | some id in network.attached[name].security_group_ids}),
		{
			"functions": members,
			"signature": config.signature_of[name],
			"intent": intent.by_key[intent.key_of[name]],
			"intent_key": intent.key_of[name],
			"spread": _spread_of[name],
		},
	])
}

# METADATA
# description: |
#   Functions in the same subnets, whatever else tells them apart. By key: {"functions", "vpc_id",
#   "is_dual_stack_allowed", "named_subnets", "subnets", "missing_subnets", "hidden_subnets", "hidden_subnet_waits"}.
spreads := {key: spread |
	some key, members in _spread_members
	name := min(members)
	one := network.attached[name]
	named := {id | some id in one.subnet_ids}
	subnets := {id | some id in named; network.subnets[id]}
	vpc_id := min({network.subnets[id].vpc_id | some id in subnets} | {_vpc[name] | subnets == set()})
	unseen := {id: coverage.waits_within("subnets", id, vpc_id) | some id in (named - subnets)}
	spread := {
		"functions": members,
		"vpc_id": vpc_id,
		"is_dual_stack_allowed": one.ipv6_allowed_for_dual_stack,
		"named_subnets": named,
		"subnets": subnets,
		"missing_subnets": {id | some id, waits in unseen; waits == set()},
		"hidden_subnets": {id: waits | some id, waits in unseen; waits != set()},
		"hidden_subnet_waits": union({waits | some waits in unseen}),
	}
}

# METADATA
# description: By key of spreads, the keys of the cohorts in it.
of_spread := {spread: keys |
	some spread, _ in spreads
	keys := {key | some key, cohort in by_key; cohort.spread == spread}
}

# METADATA
# description: |
#   Keys of the cohorts that still have a subnet once the missing ones are left out. Only config.missing_subnet and
#   config.idle_on_broken_network judge the others.
with_subnets := {key | some key, cohort in by_key; cohort.spread in spreads_with_subnets}

# METADATA
# description: As with_subnets, keys of spreads, for rules to which nothing but the subnets matters.
spreads_with_subnets := {key |
	some key, spread in spreads
	count(spread.subnets) + count(spread.hidden_subnets) > 0
}

# METADATA
# description: By cohort key, what its hidden subnets wait for; empty where every subnet was seen or is proven missing.
hidden_subnet_waits := {key: spreads[cohort.spread].hidden_subnet_waits | some key, cohort in by_key}

# METADATA
# description: The functions of several cohorts, given their keys.
# scope: document
functions(keys) := union({by_key[key].functions | some key in keys})

# METADATA
# description: The functions of every cohort that has a subnet left.
functions_with_subnets := union({spreads[key].functions | some key in spreads_with_subnets})

_groups(vpc_id, named) := {
	"named_groups": named,
	"groups": seen,
	"missing_groups": {id | some id, waits in unseen; waits == set()},
	"hidden_groups": {id: waits | some id, waits in unseen; waits != set()},
} if {
	seen := {id | some id in named; network.security_groups[id]}
	unseen := {id: coverage.waits_within("security_groups", id, vpc_id) | some id in (named - seen)}
}

_spread_of := {name: concat(" ", [concat(",", {id | some id in one.subnet_ids}), _vpc[name], stack]) |
	some name, one in network.attached
	stack := {true: "dual-stack", false: "ipv4"}[one.ipv6_allowed_for_dual_stack]
}

# what the functions say themselves counts where no subnet was seen
_vpc := object.union(
	{name: "" | some name, _ in network.attached},
	{name: one.vpc_id | some name, one in network.attached},
)

_members := {key: members |
	some key in {key | some key in of}
	members := {name | some name, other in of; other == key}
}

_spread_members := {key: members |
	some key in {key | some key in _spread_of}
	members := {name | some name, other in _spread_of; other == key}
}
