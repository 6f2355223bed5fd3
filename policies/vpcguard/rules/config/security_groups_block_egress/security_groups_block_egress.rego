# METADATA
# title: Security groups do not let the function out to what it needs
# description: |
#   A security group lets out only what its egress rules name. Where none names TCP 443 to the function's targets, its
#   calls hang, however good its routes are.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html#gateway-endpoint-considerations-s3
# custom:
#   doubt: Not known whether the security groups let the function out to what it needs
#   severity: high
#   advice: Let one of the groups out on TCP 443 to 0.0.0.0/0, or to the endpoints' groups and prefix lists.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet and a security group left, and whose intent is not none
#   applies_if: [attached, subnets, intent, security_groups]
#   passes: Its security groups let out what its intent and its needs call for.
#   judged: >-
#     The egress rules of all its groups count together. With intent internet TCP 443 must be open to all of
#     0.0.0.0/0; with aws, for each needed service, to the groups or addresses of its interface endpoint or the prefix
#     list of its gateway endpoint, else to 0.0.0.0/0. Undeclared, it fires only if nothing at all is let out, or if a
#     service is needed and no rule admits TCP 443. Only IPv4 and TCP 443 are judged, not other ports or private
#     targets.
#   configuration: [intent]
#   reads: []
#   statement: [cause, security_group_ids, services]
package vpcguard.rules.config.security_groups_block_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs
import data.vpcguard.lib.result
import data.vpcguard.lib.security_groups

applies := cohorts.functions(object.keys(_judged))

deny contains result.violation(name, object.union(
	{
		"message": sprintf("%s: its security %s %s. %s", [name, named, _lack[verdict.cause], advice]),
		"evidence": {
			"vpc_id": cohort.vpc_id,
			"intent": intent.evidence(cohort.intent_key),
			"security_group_ids": cohort.groups,
			"cause": verdict.cause,
			"services": verdict.services,
		},
	},
	_basis(verdict.cause, name),
)) if {
	some name, verdicts in _verdicts
	count(verdicts) == 1
	some verdict in verdicts
	verdict.answer == "fault"
	cohort := cohorts.by_key[cohorts.of[name]]
	named := sprintf(result.word(cohort.groups, "group %s lets", "groups %s let"), [result.list(cohort.groups)])
	advice := sprintf("Add an egress rule for TCP 443 to %s.", [result.word(cohort.groups, "it", "one of them")])
}

# several verdicts where tags that nobody read leave several intents possible
unknown contains result.unknown(name, waits) if {
	some name, verdicts in _verdicts
	{verdict.answer | some verdict in verdicts} - {"fine"} != set()
	not _is_fault(verdicts)
	undecided := {wait | count(verdicts) > 1; some wait in cohorts.by_key[cohorts.of[name]].intent.waits}
	waits := undecided | union({verdict.waits | some verdict in verdicts})
}

_is_fault(verdicts) if [verdict.answer | some verdict in verdicts] == ["fault"]

_judged := {key: cohort |
	some key, cohort in cohorts.with_subnets
	cohort.named_groups - cohort.missing_groups != set()
	cohort.intent.egress.values != {"none"}
}

# By function whose groups do not let everything out, what is found under each intent that it may have: {"answer"
# (fault, fine, unknown), "cause", "services", "waits"}.
_verdicts := {name: verdicts |
	some cohort in _judged
	not security_groups.covers(security_groups.out[cohort.groups].cidrs, "0.0.0.0/0")
	some name in cohort.functions
	verdicts := {_verdict(value, name, cohort) | some value in cohort.intent.egress.values}
}

_verdict("none", _, _) := _fine

_verdict("internet", _, cohort) := _settled("no_https_to_internet", {}, _unread(cohort))

_verdict("undeclared", name, cohort) := _settled("nothing_out", {}, _hidden(cohort)) if {
	not security_groups.out[cohort.groups].is_open
} else := _fine if {
	security_groups.out[cohort.groups].is_https_open
} else := _needed("no_https_out", needed, _hidden(cohort), needs.others[name]) if {
	needed := {service: need.waits | some service, need in needs.of[name]}
}

_verdict("aws", name, cohort) := _settled("nothing_out", {}, _hidden(cohort)) if {
	not security_groups.out[cohort.groups].is_open
} else := _needed("no_https_to_services", needed, doubts, needs.others[name]) if {
	needed := {service: waits |
		some service, need in needs.of[name]
		not _reaches(cohort, service)
		waits := need.waits | _choice_waits(cohort, service)
	}
	doubts := _unread(cohort) | {wait | some service, _ in needed; some wait in _service_waits(cohort, service)}
}

# a fault unless something that nobody read may let it through
_settled(cause, found, waits) := _answer("fault", cause, found, set()) if {
	waits == set()
} else := _answer("unknown", cause, found, waits)

# needed: the services that are cut off, each with what its need waits for
_needed(cause, needed, doubts, others) := _settled(cause, certain, doubts) if {
	certain := {service | some service, waits in needed; waits == set()}
	certain != set()
} else := _answer("unknown", cause, {}, union({waits | some waits in needed}) | (doubts | others)) if {
	object.keys(needed) | others != set()
} else := _fine

_fine := _answer("fine", "", {}, set())

_answer(answer, cause, found, waits) := {"answer": answer, "cause": cause, "services": found, "waits": waits}

_reaches(cohort, service) if {
	every name in endpoints.names_of(service) {
		_reaches_name(cohort, service, name)
	}
}

# of some services it may use the endpoint within reach and no other
_choice_waits(cohort, service) := {wait |
	some wait in endpoints.choice_waits(service)
	some name in endpoints.names_of(service)
	_reaches_name(cohort, service, name)
}

_reaches_name(cohort, _, name) if {
	some id in endpoints.interfaces[[cohort.vpc_id, name]]
	group_ids := {group_id | some group_id in facts.vpc_endpoints[id].security_group_ids}
	security_groups.out[cohort.groups].groups & group_ids != set()
}

# its addresses may be anywhere in its subnets
_reaches_name(cohort, _, name) if {
	some id in endpoints.interfaces[[cohort.vpc_id, name]]
	facts.vpc_endpoints[id].subnet_ids != []
	every subnet_id in facts.vpc_endpoints[id].subnet_ids {
		security_groups.covers(security_groups.out[cohort.groups].cidrs, facts.subnets[subnet_id].ipv4_cidr)
	}
}

_reaches_name(cohort, service, name) if {
	endpoints.gateways[[cohort.vpc_id, name]]
	some list_id in endpoints.prefix_lists_of(cohort.vpc_id, service)
	list_id in security_groups.out[cohort.groups].prefix_lists
}

_reaches_name(cohort, service, name) if {
	endpoints.gateways[[cohort.vpc_id, name]]
	some list_id in endpoints.prefix_lists_of(cohort.vpc_id, service)
	cidrs := {cidr | some cidr in facts.prefix_lists[list_id].cidrs; not contains(cidr, ":")}
	cidrs != set()
	every cidr in cidrs {
		security_groups.covers(security_groups.out[cohort.groups].cidrs, cidr)
	}
}

# what may still let the service be reached: an endpoint out of sight, its list or addresses
_service_waits(cohort, service) := union({
	{wait | security_groups.out[cohort.groups].is_https_open; some wait in facts.waits("vpc_endpoints", cohort.vpc_id)},
	{wait |
		some id in endpoints.interfaces_of(cohort.vpc_id, service)
		some subnet_id in facts.vpc_endpoints[id].subnet_ids
		some wait in _address_waits(cohort, id, subnet_id)
	},
	{wait |
		endpoints.gateways_of(cohort.vpc_id, service) != set()
		security_groups.out[cohort.groups].is_https_open
		some wait in _list_waits(cohort.vpc_id, service)
	},
})

_address_waits(cohort, id, subnet_id) := {{
	"status": "undecidable",
	"name": id,
	"reason": $"its address in {subnet_id}",
}} if {
	security_groups.touches(security_groups.out[cohort.groups].cidrs, facts.subnets[subnet_id].ipv4_cidr)
	not security_groups.covers(security_groups.out[cohort.groups].cidrs, facts.subnets[subnet_id].ipv4_cidr)
}

_address_waits(cohort, _, subnet_id) := {wait |
	security_groups.out[cohort.groups].cidrs != []
	some wait in facts.waits_within("subnets", subnet_id, cohort.vpc_id)
} if {
	not facts.subnets[subnet_id].ipv4_cidr
}

# a prefix list that groups name may be the service's own, and one whose networks are unread may be within reach
_list_waits(vpc_id, service) := facts.waits("prefix_lists", "") | {wait |
	some list_id in endpoints.prefix_lists_of(vpc_id, service)
	some wait in facts.waits("prefix_list_entries", list_id)
}

_unread(cohort) := _hidden(cohort) | security_groups.out[cohort.groups].waits

_hidden(cohort) := union({waits | some waits in cohort.hidden_groups})

# what is needed is the intent's where nothing leaves at all
_basis(cause, name) := {} if {
	cause in {"nothing_out", "no_https_to_internet"}
} else := {"basis": needs.basis(name)}

_lack := {
	"nothing_out": "nothing out",
	"no_https_out": "no TCP 443 out",
	"no_https_to_internet": "TCP 443 out to less than the internet, which its intent declares",
	"no_https_to_services": "no TCP 443 out to services that it needs",
}
