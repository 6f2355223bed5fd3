# METADATA
# title: Situation
# description: Where a function stands before any rule looks at it, and what it is meant to reach.
package vpcguard.explanation.situation

import data.vpcguard.explanation.filters
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs as lib_needs

# METADATA
# description: |
#   By function name, attached, without_subnets (attached, and every subnet is gone), not_attached, managed_instances or
#   deleting.
of := {name: _situation(name) | some name, _ in facts.functions}

# METADATA
# description: The situation of a function as a sentence.
# scope: document
text(name) := sprintf(_texts[of[name]], [name])

# METADATA
# description: VPC id by function name, null where there is none or nobody knows.
vpc_ids := object.union(
	{name: object.get(one, "vpc_id", null) | some name, one in facts.functions},
	{name: vpc_id |
		some name, key in cohorts.of
		vpc_id := cohorts.by_key[key].vpc_id
		vpc_id != ""
	},
)

# METADATA
# description: By function name, the states that AWS reports and their reasons, as far as they were read.
states := {name: object.filter(one, _states) | some name, one in facts.functions}

# METADATA
# description: |
#   By function name, its security groups: {"security_group_id", "text", "existence" (seen, missing, unknown),
#   "waits_for"}. Empty unless its network is judged.
security_groups := object.union({name: [] | some name, _ in facts.functions}, {name: listed |
	some name, key in cohorts.of
	cohort := cohorts.by_key[key]
	listed := [{"security_group_id": id, "text": filters.shown(id), "existence": existence, "waits_for": waits} |
		some id in cohort.named_groups
		waits := object.get(cohort.hidden_groups, id, set())
		existence := _existence(id, cohort)
	]
})

# METADATA
# description: By function name, its intent as evidence shows it, and "waits_for".
intents := {name: object.union(intent.evidence(key), {"waits_for": intent.by_key[key].waits}) |
	some name, key in intent.key_of
}

# METADATA
# description: |
#   By function name, the AWS services it calls: {"services": [{"service", "basis", "waits_for"}], "without_endpoints"
#   (those that have no endpoint as far as anybody knows, which no rule judges), "others_wait_for": what it takes to
#   know that there are no others}.
needs := object.union({name: _no_needs | some name, _ in facts.functions}, {name: found |
	some name, services in lib_needs.of
	listed := [{"service": service, "basis": need.basis, "waits_for": need.waits} | some service, need in services]
	found := {
		"services": listed,
		"without_endpoints": object.get(lib_needs.without_endpoints, name, set()),
		"others_wait_for": lib_needs.others[name],
	}
})

_no_needs := {"services": [], "without_endpoints": set(), "others_wait_for": set()}

_situation(name) := "deleting" if {
	name in facts.deleting
} else := "managed_instances" if {
	facts.functions[name].managed_instances
} else := "not_attached" if {
	not facts.attached[name]
} else := "attached" if {
	cohorts.with_subnets[cohorts.of[name]]
} else := "without_subnets"

_texts := {
	"attached": "%s is attached to a VPC.",
	"without_subnets": "%s is attached to a VPC, but none of its subnets exists.",
	"not_attached": "%s is not attached to a VPC.",
	"managed_instances": "%s runs on Lambda Managed Instances: its network is that of the capacity provider.",
	"deleting": "%s is being deleted.",
}

_states := {
	"state",
	"state_reason",
	"state_reason_code",
	"last_update_status",
	"last_update_status_reason",
	"last_update_status_reason_code",
}

_existence(id, cohort) := "seen" if id in cohort.groups

_existence(id, cohort) := "missing" if id in cohort.missing_groups

_existence(id, cohort) := "unknown" if cohort.hidden_groups[id]
