# METADATA
# title: An endpoint exists, but the service's name does not lead to it
# description: |
#   Private DNS is off at the endpoint or in the VPC, so that the service's usual name resolves to public addresses, and
#   the subnets have no way there.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
# custom:
#   doubt: Not known whether a service's name leads to the endpoint that is there for it
#   severity: medium
#   advice: Turn private DNS on at the endpoint, and DNS support and DNS hostnames in the VPC.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need an AWS service, or may need one
#   applies_if: [attached, subnets, needs]
#   passes: No needed service is out of reach only because its name does not lead to the endpoint that is there.
#   judged: >-
#     An interface endpoint of the service exists, but its private DNS is off, or on for inbound resolvers only, or
#     the VPC's DNS support or hostnames are off, which a gateway endpoint needs as well where Amazon's resolver
#     answers; no other endpoint serves the subnet, and there is no way to the internet either. An endpoint that takes
#     over the name and cannot be used is reported by
#     endpoints.endpoint_blocked instead. A client that calls the endpoint by its own name is not known here; declare
#     the services that the function needs to leave it out.
#   configuration: [intent, trusted_egress]
#   reads: []
#   statement: [endpoints, services.service, services.subnet_ids]
package vpcguard.rules.endpoints.private_dns_off

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot reach %s.", [name, said]),
	"advice": _advice(vpc_id, shown),
	"evidence": object.union(reachability.evidence(name, found.subnets), {
		"endpoints": shown,
		"endpoints_with_own_policy": endpoints.with_own_policy(endpoint_ids),
	}),
	"root_causes": {_root(vpc_id, one) | some one in shown},
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	vpc_id := cohorts.by_key[cohorts.of[name]].vpc_id
	shown := [one | some service, _ in found.subnets; some one in _uncaught(vpc_id, service)]
	endpoint_ids := {one.endpoint_id | some one in shown}
	said := concat("; ", {_said(ids, found.subnets, shown) | some ids in found.subnets})
}

unknown contains result.unknown(name, found.waits) if {
	some name, found in _found
	found.subnets == {}
	found.waits != set()
}

_found := reachability.found("private_dns_off")

_uncaught(vpc_id, service) := array.concat(
	[shown |
		some id in endpoints.interfaces_of(vpc_id, service)
		endpoints.catching[id].values == {false}
		shown := {"endpoint_id": id, "service": service, "cause": endpoints.catching[id].cause}
	],
	[shown |
		some id in endpoints.gateways_of(vpc_id, service)
		endpoints.resolving[vpc_id].values == {false}
		shown := {"endpoint_id": id, "service": service, "cause": endpoints.resolving[vpc_id].cause}
	],
)

# services that are out of reach from the same subnets are told together
_said(subnet_ids, by_service, shown) := sprintf("%s from %s over %s", [
	result.list(services),
	result.subnets(subnet_ids),
	result.list({$"{result.all_named(ids)}, since {_why(cause, ids)}" |
		some cause in {one.cause | some one in shown}
		ids := {one.endpoint_id | some one in shown; one.service in services; one.cause == cause}
		ids != set()
	}),
]) if {
	services := {service | some service, ids in by_service; ids == subnet_ids}
}

_why(cause, ids) := replace(endpoints.uncaught[cause], "its", result.word(ids, "its", "their"))

# what is repaired once is the VPC where its attributes are off
_root(vpc_id, one) := vpc_id if {
	_attributes[one.cause]
} else := one.endpoint_id

_attributes := {
	"dns_support_disabled": "DNS support (enableDnsSupport)",
	"dns_hostnames_disabled": "DNS hostnames (enableDnsHostnames)",
}

_advice(vpc_id, shown) := concat(" ", [advice |
	some cause in {one.cause | some one in shown}
	advice := _remedy(cause, vpc_id, _they(cause, shown))
])

# it then takes the name over for everybody in the VPC
_remedy(cause, vpc_id, they) := $"Turn {_attributes[cause]} of {result.named(vpc_id)} on." if {
	_attributes[cause]
} else := $"Let private DNS of {they} serve the VPC, or route to the service's gateway endpoint, if it has one." if {
	cause == "private_dns_for_inbound_resolver_only"
} else := concat(" ", [
	$"Turn private DNS of {they} on, once security groups admit TCP 443 there",
	"from everything in the VPC that calls the service.",
])

# named again only where not all of them are meant
_they(cause, shown) := result.word({one.endpoint_id | some one in shown}, "the endpoint", "the endpoints") if {
	{one.cause | some one in shown} == {cause}
} else := result.all_named({one.endpoint_id | some one in shown; one.cause == cause})
