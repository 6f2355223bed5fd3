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
	some name, one in network.attached
	key := concat("\n", [
		concat(",", {id | some id in one.subnet_ids}),
		concat(",", {id | some id in one.security_group_ids}),
		_vpc[name],
		{true: "dual-stack", false: "ipv4"}[one.ipv6_allowed_for_dual_stack],
		config.signature_of[name],
		intent.key_of[name],
	])
}

# METADATA
# description: |
#   By cohort key: {"functions", "vpc_id" ("" where unknown), "is_dual_stack_allowed", "signature" (lib.config),
#   "intent" (lib.intent), "named_subnets", "subnets", "missing_subnets", "hidden_subnets", "groups", "missing_groups",
#   "hidden_groups"}. "subnets" and "groups" were seen; "missing" ones are proven not to exist; "hidden" ones may exist:
#   id -> waits. named_subnets and named_groups are what the configuration says.
by_key := {key: cohort |
	some key, members in _members
	name := min(members)
	one := network.attached[name]
	named_subnets := {id | some id in one.subnet_ids}
	named_groups := {id | some id in one.security_group_ids}
	subnets := {id | some id in named_subnets; network.subnets[id]}
	groups := {id | some id in named_groups; network.security_groups[id]}
	vpc_id := min({network.subnets[id].vpc_id | some id in subnets} | {_vpc[name] | subnets == set()})
	unseen_subnets := {id: coverage.waits_within("subnets", id, vpc_id) | some id in (named_subnets - subnets)}
	unseen_groups := {id: coverage.waits_within("security_groups", id, vpc_id) | some id in (named_groups - groups)}
	cohort := {
		"functions": members,
		"vpc_id": vpc_id,
		"is_dual_stack_allowed": one.ipv6_allowed_for_dual_stack,
		"signature": config.signature_of[name],
		"intent": intent.by_key[intent.key_of[name]],
		"intent_key": intent.key_of[name],
		"named_subnets": named_subnets,
		"subnets": subnets,
		"missing_subnets": {id | some id, waits in unseen_subnets; waits == set()},
		"hidden_subnets": {id: waits | some id, waits in unseen_subnets; waits != set()},
		"named_groups": named_groups,
		"groups": groups,
		"missing_groups": {id | some id, waits in unseen_groups; waits == set()},
		"hidden_groups": {id: waits | some id, waits in unseen_groups; waits != set()},
	}
}

# METADATA
# description: |
#   Keys of the cohorts that still have a subnet once the missing ones are left out. Only config.missing_subnet and
#   config.idle_on_broken_network judge the others.
with_subnets := {key | some key, cohort in by_key; cohort.subnets != set()} | {key |
	some key, cohort in by_key
	cohort.hidden_subnets != {}
}

# METADATA
# description: By cohort key, what its hidden subnets wait for; empty where every subnet was seen or is proven missing.
hidden_subnet_waits := {key: union({waits | some waits in cohort.hidden_subnets}) | some key, cohort in by_key}

# METADATA
# description: The functions of several cohorts, given their keys.
# scope: document
functions(keys) := union({by_key[key].functions | some key in keys})

_vpc := object.union(
	{name: "" | some name, _ in network.attached},
	{name: one.vpc_id | some name, one in network.attached},
)

_members := {key: members |
	some key in {key | some key in of}
	members := {name | some name, other in of; other == key}
}
