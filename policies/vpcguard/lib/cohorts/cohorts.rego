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
# description: |
#   By cohort key, the name of its first function: {"functions", "vpc_id" ("" where unknown), "is_dual_stack_allowed",
#   "signature" (lib.config), "intent", "intent_key" (lib.intent), "named_subnets", "subnets", "missing_subnets",
#   "hidden_subnets", "hidden_subnet_waits", "named_groups", "groups", "missing_groups", "hidden_groups",
#   "is_vpc_visible" (no: it is deleted, or shared with this account no more)}. "subnets" and "groups" were seen;
#   "missing" ones are proven not to exist, or nobody can use them any more; "hidden" ones may exist: id -> waits.
#   named_subnets and named_groups are what the configuration says.
by_key := {min(names): cohort |
	some [subnet_ids, group_ids, told_vpc_id, is_dual_stack_allowed, signature, intent_key], names in _members
	subnets := {id | some id in subnet_ids; facts.subnets[id]}

	# what the functions say themselves counts where no subnet was seen
	vpc_id := min({facts.subnets[id].vpc_id | some id in subnets} | {told_vpc_id | subnets == set()})
	is_vpc_visible := _is_visible(vpc_id, subnets)
	groups := {id | is_vpc_visible; some id in group_ids; facts.security_groups[id]}
	unseen_subnets := {id: waits |
		some id in (subnet_ids - subnets)
		waits := {wait | is_vpc_visible; some wait in facts.waits_within("subnets", id, vpc_id)}
	}
	unseen_groups := {id: waits |
		some id in (group_ids - groups)
		waits := {wait | is_vpc_visible; some wait in facts.waits_within("security_groups", id, vpc_id)}
	}
	cohort := {
		"functions": names,
		"vpc_id": vpc_id,
		"is_vpc_visible": is_vpc_visible,
		"is_dual_stack_allowed": is_dual_stack_allowed,
		"signature": signature,
		"intent": intent.by_key[intent_key],
		"intent_key": intent_key,
		"named_subnets": subnet_ids,
		"subnets": subnets,
		"missing_subnets": {id | some id, waits in unseen_subnets; waits == set()},
		"hidden_subnets": {id: waits | some id, waits in unseen_subnets; waits != set()},
		"hidden_subnet_waits": union({waits | some waits in unseen_subnets}),
		"named_groups": group_ids,
		"groups": groups,
		"missing_groups": {id | some id, waits in unseen_groups; waits == set()},
		"hidden_groups": {id: waits | some id, waits in unseen_groups; waits != set()},
	}
}

# METADATA
# description: Those of by_key that have a subnet left, as all rules want but missing_subnet and idle_on_broken_network.
with_subnets := {key: cohort | some key, cohort in by_key; cohort.named_subnets != cohort.missing_subnets}

# METADATA
# description: What is said of a VPC that the account does not see any more, given its id.
not_visible(vpc_id) := sprintf("%s is no longer visible to this account: it was deleted, or is %s", [
	vpc_id,
	"not shared with this account any more",
])

# METADATA
# description: By key, the zones of the subnets that were seen, by id; names differ between accounts.
zones := {key: {facts.subnets[id].zone_id | some id in cohort.subnets} | some key, cohort in by_key}

# METADATA
# description: |
#   By key of a cohort that has a subnet left, what it takes to know all its zones; a subnet alone is in one, whichever
#   that is.
zone_waits := {key: union({cohort.hidden_subnet_waits, waits}) |
	some key, cohort in with_subnets
	waits := {wait | count(cohort.subnets) > 1; some wait in facts.waits_for_zones(cohort.subnets)}
}

# METADATA
# description: Cohort key by function name, for every attached function.
of := {name: key | some key, cohort in by_key; some name in cohort.functions}

# METADATA
# description: The functions of several cohorts, given their keys.
functions(keys) := union({by_key[key].functions | some key in keys})

# METADATA
# description: The functions of every cohort that has a subnet left.
functions_with_subnets := functions(object.keys(with_subnets))

# METADATA
# description: Those of functions_with_subnets to which the way out may matter, by intent.
functions_needing_internet := functions({key |
	some key, cohort in with_subnets
	intent.may_need_internet(cohort.intent)
})

# a VPC that a complete answer lacks, and of which nothing else was seen
_is_visible(vpc_id, subnets) := false if {
	[subnets, facts.is_known("vpcs", vpc_id)] == [set(), true]
	vpc_id != ""
	not facts.vpcs[vpc_id]
} else := true

# by what tells cohorts apart, the names of the functions; lists that differ in their order alone are one set
_members := {traits: object.keys(names) |
	some traits, names in object.union_n([{traits: {name: true}} |
		some name, one in facts.attached
		traits := [
			{id | some id in one.subnet_ids},
			{id | some id in one.security_group_ids},
			object.get(one, "vpc_id", ""),
			one.ipv6_allowed_for_dual_stack,
			config.signature_of[name],
			intent.key_of[name],
		]
	])
}
