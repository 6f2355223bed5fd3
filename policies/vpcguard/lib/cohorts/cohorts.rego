# METADATA
# title: Cohorts
# description: |
#   Attached functions that no network rule can tell apart: same subnets, groups, IP stack, configuration and intent.
#   A rule judges cohorts and names their functions, so that a thousand functions cost no more than their networks.
package vpcguard.lib.cohorts

import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent

# METADATA
# description: Cohort key by function name, for every attached function.
of := {name: key | some key, cohort in by_key; some name in cohort.functions}

# METADATA
# description: |
#   By cohort key, the name of its first function: {"functions", "vpc_id" ("" where unknown), "is_dual_stack_allowed",
#   "signature" (lib.config), "intent", "intent_key" (lib.intent), "spread", "named_subnets", "subnets",
#   "missing_subnets", "hidden_subnets", "named_groups", "groups", "missing_groups", "hidden_groups"}. "subnets" and
#   "groups" were seen; "missing" ones are proven not to exist; "hidden" ones may exist: id -> waits. named_subnets and
#   named_groups are what the configuration says. spread is a key of spreads.
by_key := {min(members): cohort |
	some [spread, named, signature, intent_key], members in _members
	cohort := object.union_n([
		_shared[spread],
		_groups[[spreads[spread].vpc_id, named]],
		{
			"functions": members,
			"signature": signature,
			"intent": intent.by_key[intent_key],
			"intent_key": intent_key,
			"spread": spread,
		},
	])
}

# METADATA
# description: |
#   Functions in the same subnets, whatever else tells them apart. By the name of the first: {"functions", "vpc_id",
#   "is_dual_stack_allowed", "named_subnets", "subnets", "missing_subnets", "hidden_subnets", "hidden_subnet_waits"}.
spreads := {min(members): spread |
	some [named, said_vpc_id, is_dual_stack_allowed], members in _spread_members
	subnets := {id | some id in named; facts.subnets[id]}

	# what the functions say themselves counts where no subnet was seen
	vpc_id := min({facts.subnets[id].vpc_id | some id in subnets} | {said_vpc_id | subnets == set()})
	unseen := {id: facts.waits_within("subnets", id, vpc_id) | some id in (named - subnets)}
	spread := {
		"functions": members,
		"vpc_id": vpc_id,
		"is_dual_stack_allowed": is_dual_stack_allowed,
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
# description: By key of intent.by_key, the keys of the cohorts with it.
of_intent := {intent_key: keys |
	some intent_key, _ in intent.by_key
	keys := {key | some key, cohort in by_key; cohort.intent_key == intent_key}
}

# METADATA
# description: |
#   Keys of the cohorts that still have a subnet once the missing ones are left out. Only config.missing_subnet and
#   config.idle_on_broken_network judge the others.
with_subnets := union({of_spread[spread] | some spread in spreads_with_subnets})

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
# description: The subnets that attached functions name and that were not seen, missing or hidden.
unseen_subnets := union({spread.named_subnets | some spread in spreads}) - object.keys(facts.subnets)

# METADATA
# description: As unseen_subnets, the security groups.
unseen_groups := union({named | some [_, named], _ in _groups}) - object.keys(facts.security_groups)

# METADATA
# description: The functions of several cohorts, given their keys.
# scope: document
functions(keys) := union({by_key[key].functions | some key in keys})

# METADATA
# description: The functions of every cohort that has a subnet left.
functions_with_subnets := union({spreads[key].functions | some key in spreads_with_subnets})

_shared := {key: object.remove(spread, ["hidden_subnet_waits"]) | some key, spread in spreads}

_groups := {place: groups |
	some place in {[spreads[spread].vpc_id, named] | some [spread, named, _, _], _ in _members}
	[vpc_id, named] := place
	seen := {id | some id in named; facts.security_groups[id]}
	unseen := {id: facts.waits_within("security_groups", id, vpc_id) | some id in (named - seen)}
	groups := {
		"named_groups": named,
		"groups": seen,
		"missing_groups": {id | some id, waits in unseen; waits == set()},
		"hidden_groups": {id: waits | some id, waits in unseen; waits != set()},
	}
}

_members := {traits: members |
	some traits in {traits | some traits in _traits}
	members := {name | some name, other in _traits; other == traits}
}

# what tells the cohort of a function from others
_traits := {name: [spread, named_groups, config.signature_of[name], intent.key_of[name]] |
	some spread, one in spreads
	some name in one.functions
	named_groups := _ids[facts.attached[name].security_group_ids]
}

_spread_members := {traits: members |
	some traits in {traits | some traits in _spread_traits}
	members := {name | some name, other in _spread_traits; other == traits}
}

_spread_traits := {name: [_ids[one.subnet_ids], object.get(one, "vpc_id", ""), one.ipv6_allowed_for_dual_stack] |
	some name, one in facts.attached
}

# lists that differ in their order alone are one set
_ids := {list: {id | some id in list} |
	lists := {one.subnet_ids | some one in facts.attached} | {one.security_group_ids | some one in facts.attached}
	some list in lists
}
