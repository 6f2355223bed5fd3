# METADATA
# title: Function cannot reach an AWS service that it needs
# description: |
#   From some of its subnets there is neither a working way to the internet nor a usable VPC endpoint for the service.
#   Calls to it hang until they time out.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
# custom:
#   doubt: Not known whether the function can reach every AWS service that it needs
#   severity: high
#   advice: Create a VPC endpoint for the service in the function's VPC, or give the subnets a route to a NAT gateway.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need an AWS service, or may need one
#   applies_if: [attached, subnets, needs]
#   passes: >-
#     From each of its subnets every needed service can be reached, or a more specific rule on endpoints says why not.
#   judged: >-
#     A needed service is reachable from a subnet if a usable endpoint of either kind serves it there, or if the
#     subnet has a working way to the internet over IPv4. A subnet that is isolated but has a route for private
#     networks to a transit gateway, peering or core network may reach central endpoints: the verdict is unknown there
#     unless the configuration says which exist. Severity is medium where the need was inferred from the role. Needs
#     come from tags, configuration or the role's policies; where a service has several endpoints, the action that the
#     role allows decides which is needed. Traffic that Lambda itself sends (logs, event sources, dead letters and
#     destinations, image pulls) is left out, as are calls to a resource's own name (a database, a search domain).
#     Whether a function calls KMS whose role allows another service that encrypts for it is not known. Services
#     without a known endpoint are not judged.
#   configuration: [intent, trusted_egress, central_endpoints]
#   reads: []
#   statement: [services.service, services.subnet_ids, subnets.subnet_id, subnets.cause]
package vpcguard.rules.endpoints.service_unreachable

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot reach %s: there is neither an endpoint nor a way to the internet.", [name, said]),
	"advice": concat(" ", array.concat(
		[_advice(evidence.vpc_id, found.subnets, evidence.subnets)],
		[$"Or repair the way out at {result.all_named(way)}." | way != set()],
	)),
	"evidence": evidence,
	"root_causes": _root_causes(evidence.vpc_id, found.subnets, way),
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	said := result.list({said | some ids in found.subnets; said := _said(ids, found.subnets)})
	evidence := reachability.evidence(name, found.subnets)
	way := reachability.way_out(cohorts.of[name], union({ids | some ids in found.subnets}))
}

unknown contains result.unknown(name, found.waits) if {
	some name, found in _found
	found.subnets == {}
	found.waits != set()
}

_found := reachability.found("service_unreachable")

# what is broken on the way out, else the VPC without endpoints, else the endpoint that is not routed there, or a table
_root_causes(_, _, way) := way if way != set()

_root_causes(vpc_id, subnets, set()) := {vpc_id} if {
	every service, _ in subnets { endpoints.gateways_of(vpc_id, service) == set() }
} else := _unrouted(min(endpoints.gateways_of(vpc_id, service)), {egress.route_table(id, vpc_id) | some id in ids}) if {
	count(subnets) == 1
	some service, ids in subnets
} else := set()

_unrouted(endpoint_id, tables) := [ids | some ids in [tables, {endpoint_id}]; count(ids) == 1][0]

# services out of reach from the same subnets are named together
_said(ids, subnets) := sprintf("%s from %s", [result.list(services), result.subnets(ids)]) if {
	services := {trim_suffix(service, ":*") | some service, from in subnets; from == ids}
}

# the gateway endpoints that are there already, the endpoints to create, and where it is harmless the other way
_advice(vpc_id, subnets, ways) := concat(" ", [sentence |
	some sentence in array.concat(
		[sprintf("Associate %s with %s.", [result.all_named(ids), result.all_named(tables)]) |
			some service, subnet_ids in subnets
			ids := endpoints.gateways_of(vpc_id, service)
			ids != set()
			tables := {egress.route_table(id, vpc_id) | some id in subnet_ids}
		],
		[sprintf("Create %s %s%s.", [_kind(names), result.list(names), _or_else(ways)]) |
			names := union({_named(service) | some service, _ in subnets; endpoints.gateways_of(vpc_id, service) == set()})
			names != set()
		],
	)
])

_kind(names) := result.word(names, "the VPC endpoint", "the VPC endpoints")

# what to create, with what people ask first
_named(service) := {sprintf("%s (a gateway endpoint, free)", [endpoints.service_name(service)])} if {
	service in endpoints.gateway_services
} else := {$"for {trim_suffix(service, ":*")} (those of {result.list(_names(service))} that it calls)"} if {
	endswith(service, ":*")
} else := _names(service)

_names(service) := {_whole(name) | some name in endpoints.names_of(service)}

# behind these are no public APIs, of whose names private DNS would take the place
_whole(name) := $"{endpoints.service_name(name)} (for private APIs alone)" if {
	name in data.vpcguard.config.services.private_apis
} else := endpoints.service_name(name)

# not where a NAT gateway would take a public subnet offline, or there is one to repair
_or_else(ways) := ", or give the subnets a route to a NAT gateway" if {
	every way in ways {
		way.cause == "no_default_route"
	}
} else := ""
