# METADATA
# title: An endpoint takes over a service's name and cannot be used
# description: |
#   With private DNS on, the service's name leads to the endpoint, whatever other way there is. It is not available, or
#   its security groups do not admit the function, so that every call hangs: a NAT gateway does not help.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
# custom:
#   doubt: Not known whether an endpoint that takes over a service's name can be used
#   severity: high
#   advice: Let the endpoint's groups admit TCP 443 from the function's groups or subnets, or replace the endpoint.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need an AWS service, or may need one
#   applies_if: [attached, subnets, needs]
#   passes: Every endpoint that takes over the name of a needed service is available and admits the function.
#   judged: >-
#     An interface endpoint takes over a service's name where its private DNS and the VPC's DNS support and hostnames
#     are on. It must be available, have IPv4 addresses, and some rule of its security groups must admit TCP 443 from
#     one of the function's
#     groups, or from a network or prefix list that contains the whole IPv4 network of the subnet. Needs that were
#     inferred from the role are never worse than medium. Endpoint policies are not judged; the evidence names
#     endpoints whose policy is not the default.
#   configuration: [intent]
#   reads: []
#   statement: [endpoints.service, endpoints.endpoint_id, endpoints.cause, endpoints.subnet_ids]
package vpcguard.rules.endpoints.endpoint_blocked

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot use %s.", [name, said]),
	"advice": concat(" ", [_advice(remedy, _they(alike, endpoint_ids), alike) |
		some remedy in {_remedy(key, one) | some one in shown}
		alike := {one | some one in shown; _remedy(key, one) == remedy}
	]),
	"evidence": object.union(reachability.evidence(name, found.subnets), {
		"endpoints": shown,
		"endpoints_with_own_policy": endpoints.with_own_policy(endpoint_ids),
	}),
	"root_causes": _root_causes(shown),
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	key := cohorts.of[name]
	shown := [one | some service, ids in found.subnets; some one in _blocking(key, service, ids)]
	endpoint_ids := {one.endpoint_id | some one in shown}
	said := result.list({_said(shown, trait) | some trait in {_trait(one) | some one in shown}})
}

unknown contains result.unknown(name, found.waits) if {
	some name, found in _found
	found.subnets == {}
	found.waits != set()
}

_found := reachability.found("endpoint_blocked")

_blocking(key, service, subnet_ids) := [shown |
	some id in endpoints.interfaces_of(cohorts.by_key[key].vpc_id, service)
	endpoints.catching[id].values == {true}
	blocked := _blocked(id, subnet_ids, endpoints.admission[key][id].subnets)
	blocked.subnet_ids != set()
	shown := object.union(blocked, {
		"endpoint_id": id,
		"service": service,
		"state": object.get(facts.vpc_endpoints[id], "state", null),
		"security_group_ids": facts.vpc_endpoints[id].security_group_ids,
	})
]

_blocked(id, subnet_ids, admitted) := {"cause": "not_available", "subnet_ids": subnet_ids} if {
	endpoints.availability[id] == {false}
} else := {"cause": "ipv6_only", "subnet_ids": subnet_ids} if {
	id in endpoints.ipv6_only
} else := {"cause": "not_admitted", "subnet_ids": subnet_ids - admitted}

# of endpoints for one name one that lets in is enough; several may have a group that lets nobody in to them
_root_causes(shown) := {min(endpoint_ids)} if {
	endpoint_ids := intersection({ids | some ids in _by_name(shown)})
	endpoint_ids != set()
} else := {min(group_ids)} if {
	{one.cause | some one in shown} == {"not_admitted"}
	group_ids := intersection({{id | some id in one.security_group_ids} | some one in shown})
	group_ids != set()
} else := set()

_by_name(shown) := facts.grouped([[endpoints.names[one.endpoint_id], one.endpoint_id] | some one in shown])

# endpoints in the same case, from the same subnets, are told together
_trait(one) := [one.cause, one.state, one.subnet_ids]

_said(shown, trait) := sprintf("%s, %s", [
	result.list({$"{result.list(services)} through {result.named(id)}" | some id, services in served}),
	_fault(trait, object.keys(served)),
]) if {
	served := facts.grouped([[one.endpoint_id, one.service] | some one in shown; _trait(one) == trait])
}

_fault(["not_available", state, _], _) := $"whose state is {state}"

_fault(["ipv6_only", _, _], ids) := sprintf("which %s over IPv6 alone", [result.word(ids, "answers", "answer")])

_fault(["not_admitted", _, subnet_ids], _) := sprintf("whose groups do not admit TCP 443 from %s", [
	result.subnets(subnet_ids),
])

# private DNS is turned off only where another way is left
_remedy(key, one) := "wait" if {
	one.cause == "not_available"
	lower(one.state) == "pending"
} else := "turn_off" if {
	one.cause == "not_available"
	one.subnet_ids - egress.by_state[key].works == set()
} else := one.cause

_advice("not_admitted", _, alike) := sprintf("Let %s admit TCP 443 from the function's groups.", [
	result.all_named({id | some one in alike; some id in one.security_group_ids}),
])

_advice("wait", they, alike) := sprintf("Wait until %s %s available; replace what fails.", [
	they.do,
	result.word({one.endpoint_id | some one in alike}, "is", "are"),
])

_advice("turn_off", they, alike) := sprintf("Replace %s, or turn %s private DNS off: the subnets lead out.", [
	they.are,
	result.word({one.endpoint_id | some one in alike}, "its", "their"),
])

_advice("not_available", they, _) := $"Replace {they.are}."

_advice("ipv6_only", they, _) := $"Change the IP address type of {they.are} to dualstack."

# named again only where not all of them are meant
_they(alike, endpoint_ids) := {
	"do": result.word(ids, "it", "they"),
	"are": result.word(ids, "it", "them"),
} if {
	ids := {one.endpoint_id | some one in alike}
	ids == endpoint_ids
} else := {"do": ids, "are": ids} if {
	ids := result.all_named({one.endpoint_id | some one in alike})
}
