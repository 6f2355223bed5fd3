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
#   advice: >-
#     Turn private DNS on at the endpoint, and DNS support and DNS hostnames in the VPC; for S3 and DynamoDB, associate
#     a gateway endpoint with the subnets' route tables.
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
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot reach %s.", [name, said]),
	"advice": concat(" ", array.concat(
		[_advice(vpc_id, shown, found.subnets)],
		[$"Or repair the way out at {result.all_named(way)}." | way != set()],
	)),
	"evidence": object.union(reachability.evidence(name, found.subnets), {
		"endpoints": shown,
		"endpoints_with_own_policy": endpoints.with_own_policy(endpoint_ids),
	}),
	"root_causes": (way | {id | way == set(); some id in to_repair}),
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	key := cohorts.of[name]
	vpc_id := cohorts.by_key[key].vpc_id
	shown := [one | some service, _ in found.subnets; some one in _uncaught(vpc_id, service)]
	endpoint_ids := {one.endpoint_id | some one in shown}
	said := concat("; ", {_said(ids, found.subnets, shown) | some ids in found.subnets})
	to_repair := union({_to_repair(key, vpc_id, one, found.subnets[one.service]) | some one in shown})
	way := {id | count(to_repair) > 1; some id in reachability.way_out(key, union({ids | some ids in found.subnets}))}
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

# the VPC where its attributes are off, and an endpoint that does not take the name over, or would not answer
_to_repair(key, vpc_id, one, subnet_ids) := union({
	{vpc_id | endpoints.dns_off(vpc_id)},
	{one.endpoint_id | not _attributes[one.cause]},
	{one.endpoint_id | endpoints.availability[one.endpoint_id] != {true}},
	{one.endpoint_id | subnet_ids - endpoints.admission[key][one.endpoint_id].subnets != set()},
})

_attributes := {
	"dns_support_disabled": "DNS support (enableDnsSupport)",
	"dns_hostnames_disabled": "DNS hostnames (enableDnsHostnames)",
}

_advice(vpc_id, shown, subnets) := concat(" ", {advice |
	some one in shown
	alike := {other.endpoint_id | some other in shown; _to_do(other) == _to_do(one)}
	advice := _remedy(_to_do(one), vpc_id, alike, subnets)
})

_to_do(one) := ["attribute", _attributes[one.cause]] if {
	_attributes[one.cause]
} else := ["gateway", one.service] if {
	one.service in endpoints.gateway_services
} else := ["endpoint", one.cause]

_remedy(["attribute", attribute], vpc_id, _, _) := $"Turn {attribute} of {result.named(vpc_id)} on."

_remedy(["endpoint", cause], _, alike, _) := sprintf(_private_dns[cause], [result.list(alike)])

_remedy(["gateway", service], vpc_id, _, subnets) := _by_gateway(service, vpc_id, subnets[service])

_private_dns := {
	"private_dns_disabled": concat(" ", [
		"Turn private DNS of %s on, once security groups admit TCP 443 there from everything in the VPC that calls",
		"the service.",
	]),
	"private_dns_for_inbound_resolver_only": "Turn PrivateDnsOnlyForInboundResolverEndpoint of %s off.",
}

# the gateway endpoint costs nothing and leaves the interface endpoint to those whom it is for
_by_gateway(service, vpc_id, subnet_ids) := sprintf("Associate %s with %s.", [result.all_named(ids), tables]) if {
	ids := endpoints.gateways_of(vpc_id, service)
	ids != set()
	tables := _tables(vpc_id, subnet_ids)
} else := sprintf("Create %s (a gateway endpoint, free) and associate it with %s.", [
	endpoints.service_name(service),
	_tables(vpc_id, subnet_ids),
])

_tables(vpc_id, subnet_ids) := result.all_named({egress.route_table(id, vpc_id) | some id in subnet_ids})
