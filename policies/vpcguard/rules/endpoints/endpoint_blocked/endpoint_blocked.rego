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
#     are on. It must be available, and some rule of its security groups must admit TCP 443 from one of the function's
#     groups, or from a network or prefix list that contains the whole IPv4 network of the subnet. Needs that were
#     inferred from the role are never worse than medium. Endpoint policies are not judged; the evidence names
#     endpoints whose policy is not the default.
#   configuration: [intent]
#   reads: []
#   statement: [endpoints.service, endpoints.endpoint_id, endpoints.cause, endpoints.subnet_ids]
package vpcguard.rules.endpoints.endpoint_blocked

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot use %s. %s", [name, said, _advice]),
	"evidence": object.union(reachability.evidence(name, found.subnets), {
		"endpoints": shown,
		"endpoints_with_own_policy": endpoints.with_own_policy(endpoint_ids),
	}),
	"root_causes": endpoint_ids,
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	shown := [one | some service, ids in found.subnets; some one in _blocking(cohorts.of[name], service, ids)]
	endpoint_ids := {one.endpoint_id | some one in shown}
	said := result.list({_said(one) | some one in shown})
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
	blocked := _blocked(facts.vpc_endpoints[id].state, subnet_ids, endpoints.admission[key][id].subnets)
	blocked.subnet_ids != set()
	shown := object.union(blocked, {
		"endpoint_id": id,
		"service": service,
		"state": facts.vpc_endpoints[id].state,
		"security_group_ids": facts.vpc_endpoints[id].security_group_ids,
	})
]

_blocked("available", subnet_ids, admitted) := {"cause": "not_admitted", "subnet_ids": subnet_ids - admitted}

_blocked(state, subnet_ids, _) := {"cause": "not_available", "subnet_ids": subnet_ids} if state != "available"

_said(one) := sprintf("%s (%s), which is %s", [one.endpoint_id, one.service, one.state]) if {
	one.cause == "not_available"
} else := sprintf(
	"%s (%s), whose groups do not admit TCP 443 from %s",
	[one.endpoint_id, one.service, result.subnets(one.subnet_ids)],
)

_advice := "Every call to the service goes there: repair the endpoint or its groups, or turn its private DNS off."
