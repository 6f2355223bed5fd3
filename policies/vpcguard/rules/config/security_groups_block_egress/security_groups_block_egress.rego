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
#   passes: >-
#     Its security groups let out what was judged: TCP 443 to where its intent or a known need leads, else anything at
#     all.
#   judged: >-
#     The egress rules of all its groups count together; groups of another VPC prove nothing. With intent internet TCP
#     443 must be open to some public network: less than all of them is an allow-list, passes, and is noted in
#     explain; prefix lists of gateway endpoints and private networks are not public. With aws it must be open, for
#     each needed service, to the groups or addresses of its interface endpoint or the prefix list of its gateway
#     endpoint, else to 0.0.0.0/0. Undeclared, it fires where nothing useful gets out (no rule lets TCP out to more
#     than a placeholder such as 255.255.255.255/32 or 127.0.0.1/32), or, like aws, for services that it needs. Where
#     its only way out is IPv6, ::/0 takes the place of 0.0.0.0/0. Other ports and private targets are not judged.
#   configuration: [intent, trusted_egress, central_endpoints]
#   reads: []
#   statement: [cause, security_group_ids, services]
package vpcguard.rules.config.security_groups_block_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result
import data.vpcguard.lib.security_groups

applies := cohorts.functions(object.keys(_judged))

deny contains result.violation(name, object.union(
	{
		"message": $"{name}: its security {named} {_lack(verdict)}.",
		"advice": advice,
		"evidence": {
			"vpc_id": cohort.vpc_id,
			"intent": intent.evidence(cohort.intent_key),
			"security_group_ids": cohort.groups,
			"cause": verdict.cause,
			"services": verdict.services,
		},
		"root_causes": {min(cohort.groups)}, # one that lets out is enough
	},
	_basis(verdict.cause, name),
)) if {
	some name, verdicts in _verdicts
	count(verdicts) == 1
	some verdict in verdicts
	verdict.answer == "fault"
	key := cohorts.of[name]
	cohort := cohorts.by_key[key]
	shown := result.list({_shown(id) | some id in cohort.groups})
	named := result.word(cohort.groups, $"group {shown} lets", $"groups {shown} let")
	advice := sprintf("Give %s %s for TCP 443 to %s.", [
		result.word(cohort.groups, "this group", "one of these groups"),
		result.word(_destinations(key, verdict), "an egress rule", "egress rules"),
		result.list(_destinations(key, verdict)),
	])
}

# several verdicts where tags that nobody read leave several intents possible
unknown contains result.unknown(name, waits) if {
	some name, verdicts in _verdicts
	{verdict.answer | some verdict in verdicts} - {"fine"} != set()
	not _is_fault(verdicts)
	undecided := {wait | count(verdicts) > 1; some wait in cohorts.by_key[cohorts.of[name]].intent.waits}
	waits := undecided | union({verdict.waits | some verdict in verdicts})
}

# METADATA
# description: By name of a function that passes, what of it people should know all the same.
notes := {name: note |
	some name, verdicts in _verdicts
	some verdict in verdicts
	verdict.cause == "allow_list"
	listed := result.list(_public_networks(cohorts.of[name]))
	note := $"This is an allow-list: of the internet, TCP 443 gets out to {listed} alone."
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
	some key, cohort in _judged
	not _is_wide_open(key)
	some name in cohort.functions
	verdicts := {_verdict(value, name, key) | some value in cohort.intent.egress.values}
}

_is_wide_open(key) if {
	every family in {"ipv4"} | _families[key] {
		_is_open(key, family)
	}
}

_is_open(key, "ipv4") if security_groups.covers(security_groups.out[key].cidrs, "0.0.0.0/0")

_is_open(key, "ipv6") if security_groups.covers(security_groups.out[key].ipv6_cidrs, "::/0")

# by cohort, over which families its way out may lead: IPv4, unless its only way is IPv6
_families := {key: _by_ways(egress.by_state[key], key) | some key, _ in _judged}

_by_ways(ways, key) := {"ipv4"} if {
	some id in ways.works
	not egress.of[key][id].is_ipv6_only
} else := {"ipv4", "ipv6"} if {
	[_maybe_ipv6(key), _maybe_ipv4(key)] != [set(), set()]
} else := {"ipv6"} if {
	ways.works != set()
} else := {"ipv4"}

# subnets whose way out is unknown, and may be one over IPv6
_maybe_ipv6(key) := {id |
	some id in egress.by_state[key].unknown
	cohorts.by_key[key].is_dual_stack_allowed
	not egress.ipv6[config.trust_of[cohorts.by_key[key].signature]][id].state == "none" # or hidden
}

# what it takes to know that the way out of a subnet that has one over IPv6 does not lead over IPv4
_maybe_ipv4(key) := union({egress.ipv4_waits(key, id) | some id in egress.by_state[key].works})

# what it takes to know over which family the way out leads, where the groups let only one of them out
_family_waits(key) := {wait |
	count(_families[key]) > 1
	some wait in (egress.by_state[key].waits | _maybe_ipv4(key))
}

_verdict("none", _, _) := _fine

_verdict("internet", _, key) := _settled("no_https_to_internet", {}, unread) if {
	networks := _public_networks(key)
	{family | some family in _families[key]; _is_among(family, networks)} == set()
	unread := security_groups.out[key].waits | _list_waits(key)
} else := _answer("unknown", "no_https_to_internet", {}, _family_waits(key)) if {
	some family in _families[key]
	not _is_among(family, _public_networks(key))
} else := _answer("fine", "allow_list", {}, set())

_verdict("undeclared", name, key) := _settled("nothing_out", {}, waits) if {
	not _is_useful(key)
	waits := security_groups.out[key].waits
} else := _by_needs(name, key)

_verdict("aws", name, key) := _settled("nothing_out", {}, waits) if {
	not _is_useful(key)
	waits := security_groups.out[key].waits
} else := _by_needs(name, key)

_is_useful(key) if security_groups.out[key].is_useful

_is_useful(key) if {
	cohorts.by_key[key].is_dual_stack_allowed
	security_groups.out[key].useful_ipv6 - {"::/0"} != set()
}

_is_useful(key) if {
	"ipv6" in _families[key]
	"::/0" in security_groups.out[key].useful_ipv6
}

_is_among("ipv4", networks) if {
	some cidr in networks
	not contains(cidr, ":")
}

_is_among("ipv6", networks) if {
	some cidr in networks
	contains(cidr, ":")
}

# the public networks that TCP 443 is let out to; what is the VPC's own is not public, whatever its addresses
_public_networks(key) := {cidr |
	some cidr in (security_groups.out[key].named | listed)
	not security_groups.covers(data.vpcguard.config.networks.not_public, cidr)
	not security_groups.covers(own, cidr)
} if {
	listed := {cidr | some id in _ordinary_lists(key); some cidr in facts.prefix_lists[id].cidrs}
	vpc_id := cohorts.by_key[key].vpc_id
	own := {cidr | some kind in ["ipv4_cidrs", "ipv6_cidrs"]; some cidr in facts.vpcs[vpc_id][kind]}
}

# those of the prefix lists that are known to be no gateway endpoint's: such a list leads to the endpoint alone
_ordinary_lists(key) := {id |
	some id in (security_groups.out[key].prefix_lists - _gateway_lists(cohorts.by_key[key].vpc_id))
	_is_named(id)
}

_gateway_lists(vpc_id) := {id |
	some service in endpoints.gateway_services
	some id in endpoints.prefix_lists_of(vpc_id, service)
}

_is_named(id) if facts.prefix_lists[id].name

_is_named(_) if facts.is_known("prefix_lists", "")

_list_waits(key) := security_groups.prefix_list_waits(lists) | {wait |
	some id in lists
	not _is_named(id)
	some wait in facts.waits("prefix_lists", "")
} if {
	lists := security_groups.out[key].prefix_lists - _gateway_lists(cohorts.by_key[key].vpc_id)
}

# a fault unless something that nobody read may let it through
_settled(cause, found, waits) := _answer("fault", cause, found, set()) if {
	waits == set()
} else := _answer("unknown", cause, found, waits)

_by_needs(name, key) := _answer("fault", _cause, certain, set()) if {
	certain := {service |
		some service, waits in _cut_off(name, key)
		waits == set()
		_service_waits(key, service) == set()
	}
	certain != set()
} else := _answer("unknown", _cause, {}, union({waits | some waits in cut_off}) | (doubts | needs.others[name])) if {
	cut_off := _cut_off(name, key)
	object.keys(cut_off) | needs.others[name] != set()
	doubts := {wait | some service, _ in cut_off; some wait in _service_waits(key, service)}
} else := _fine

_cause := "no_https_to_services"

# the needed services that no rule lets it out to, each with what its need waits for
_cut_off(name, key) := {service: waits |
	some service, need in needs.of[name]
	not _reaches(key, service)
	waits := need.waits | _choice_waits(key, service)
}

_fine := _answer("fine", "", {}, set())

_answer(answer, cause, found, waits) := {"answer": answer, "cause": cause, "services": found, "waits": waits}

_reaches(key, service) if {
	every name in endpoints.names_of(service) {
		_reaches_name(key, service, name)
	}
}

# central endpoints in another VPC, which the configuration names
_reaches(key, service) if {
	_is_central(key, service)
	_outcomes(key, service) == {"reachable"}
	_vpc_waits(key) == set()
}

# of some services it may use the endpoint within reach and no other
_choice_waits(key, service) := {wait |
	some wait in endpoints.choice_waits(service)
	some name in endpoints.names_of(service)
	_reaches_name(key, service, name)
}

# without an endpoint it goes out by the default route
_reaches_name(key, _, name) if {
	_endpoint_ids(key, name) == set()
	every family in _families[key] {
		_is_open(key, family)
	}
}

_reaches_name(key, _, name) if {
	some id in _interfaces(key, name)
	group_ids := {group_id | some group_id in facts.vpc_endpoints[id].security_group_ids}
	security_groups.out[key].groups & group_ids != set()
}

# its addresses may be anywhere in its subnets
_reaches_name(key, _, name) if {
	some id in _interfaces(key, name)
	facts.vpc_endpoints[id].subnet_ids != []
	every subnet_id in facts.vpc_endpoints[id].subnet_ids {
		security_groups.covers(security_groups.out[key].cidrs, facts.subnets[subnet_id].ipv4_cidr)
	}
}

# the service's own addresses, behind a gateway endpoint or another way out
_reaches_name(key, service, name) if {
	some list_id in _lists(key, service, name)
	list_id in security_groups.out[key].prefix_lists
}

_reaches_name(key, service, name) if {
	some list_id in _lists(key, service, name)
	cidrs := {cidr | some cidr in facts.prefix_lists[list_id].cidrs; not contains(cidr, ":")}
	cidrs != set()
	every cidr in cidrs {
		security_groups.covers(security_groups.out[key].cidrs, cidr)
	}
}

_lists(key, service, name) := endpoints.prefix_lists_of(vpc_id, service) if {
	vpc_id := cohorts.by_key[key].vpc_id
	every id in _interfaces(key, name) {
		endpoints.catching[id].values != {true}
	}
	true in {_families[key] == {"ipv4"}, _gateways(key, name) != set()}
}

_endpoint_ids(key, name) := _interfaces(key, name) | _gateways(key, name)

_gateways(key, name) := object.get(endpoints.gateways, [[cohorts.by_key[key].vpc_id, name]], set())

_interfaces(key, name) := {id |
	some id in endpoints.interfaces[[cohorts.by_key[key].vpc_id, name]]
	not _is_passed_by(key, name, id)
}

# no name leads to it, and there is another way
_is_passed_by(key, name, id) if {
	endpoints.catching[id].values == {false}
	[egress.by_state[key].works, _gateways(key, name)] != [set(), set()]
}

# no endpoint here and no way out, and the groups let it out beyond the VPC
_is_central(key, service) if {
	union({_endpoint_ids(key, name) | some name in endpoints.names_of(service)}) == set()
	egress.by_state[key].works == set()
	some cidr in security_groups.out[key].cidrs
	not _is_within_vpc(key, cidr)
}

_is_within_vpc(key, cidr) if security_groups.covers(facts.vpcs[cohorts.by_key[key].vpc_id].ipv4_cidrs, cidr)

# what it takes to know which networks are beyond the VPC
_vpc_waits(key) := {wait | not facts.vpcs[vpc_id].ipv4_cidrs; some wait in facts.waits("vpcs", vpc_id)} if {
	vpc_id := cohorts.by_key[key].vpc_id
}

_outcomes(key, service) := union({verdict.values | some verdict in reachability.of[key][service]})

# what may still let the service be reached: an endpoint out of sight, its list or addresses, central endpoints
_service_waits(key, service) := union({
	security_groups.out[key].waits,
	_list_waits(key),
	{wait | _lets_https_out(key); some wait in facts.waits("vpc_endpoints", vpc_id)},
	{wait |
		some name in endpoints.names_of(service)
		some id in _interfaces(key, name)
		some subnet_id in facts.vpc_endpoints[id].subnet_ids
		some wait in _address_waits(key, id, subnet_id)
	},
	{wait |
		endpoints.gateways_of(vpc_id, service) != set()
		_lets_https_out(key)
		some wait in _gateway_waits(vpc_id, service)
	},
	{wait |
		_is_central(key, service)
		"reachable" in _outcomes(key, service)
		some verdict in reachability.of[key][service]
		some wait in (verdict.waits | _vpc_waits(key))
	},
	{wait | some family in _families[key]; _is_open(key, family); some wait in _family_waits(key)},
}) if {
	vpc_id := cohorts.by_key[key].vpc_id
}

_lets_https_out(key) if {
	told := security_groups.out[key]
	[told.named, told.prefix_lists, told.groups] != [set(), set(), set()]
}

_address_waits(key, id, subnet_id) := {{
	"status": "undecidable",
	"name": id,
	"reason": $"its address in {subnet_id}",
}} if {
	security_groups.touches(security_groups.out[key].cidrs, facts.subnets[subnet_id].ipv4_cidr)
	not security_groups.covers(security_groups.out[key].cidrs, facts.subnets[subnet_id].ipv4_cidr)
}

_address_waits(key, _, subnet_id) := {wait |
	security_groups.out[key].cidrs != []
	some wait in facts.waits_within("subnets", subnet_id, cohorts.by_key[key].vpc_id)
} if {
	not facts.subnets[subnet_id].ipv4_cidr
}

# a prefix list that groups name may be the service's own, and one whose networks are unread may be within reach
_gateway_waits(vpc_id, service) := union({
	facts.waits("prefix_lists", ""),
	security_groups.prefix_list_waits(endpoints.prefix_lists_of(vpc_id, service)),
})

# what is needed is the intent's where nothing leaves at all
_basis(cause, name) := {} if {
	cause in {"nothing_out", "no_https_to_internet"}
} else := {"basis": needs.basis(name)}

_shown(id) := $"{id} (the VPC's default group)" if {
	facts.security_groups[id].group_name == "default"
} else := result.named(id)

_lack(verdict) := $"no TCP 443 out to {result.list(verdict.services)}, which the function needs" if {
	verdict.cause == _cause
} else := {
	"nothing_out": "nothing useful out",
	"no_https_to_internet": "TCP 443 out to no public network, and the function is declared to need the internet",
}[verdict.cause]

# where a rule would have to lead to
_destinations(key, verdict) := {text | some service in verdict.services; some text in _of_service(key, service)} if {
	verdict.cause == _cause
} else := _everywhere(key)

_everywhere(key) := {network |
	some family in _families[key]
	network := {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}[family]
}

_of_service(key, service) := {$"prefix list {id}" | some id in endpoints.prefix_lists_of(vpc_id, service)} if {
	vpc_id := cohorts.by_key[key].vpc_id
	endpoints.gateways_of(vpc_id, service) != set()
	endpoints.prefix_lists_of(vpc_id, service) != set()
} else := {$"group {result.named(one)}" | some id in ids; some one in facts.vpc_endpoints[id].security_group_ids} if {
	ids := union({_interfaces(key, name) | some name in endpoints.names_of(service)})
	ids != set()
} else := _everywhere(key)
