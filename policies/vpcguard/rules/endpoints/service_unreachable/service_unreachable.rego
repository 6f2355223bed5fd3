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
#     come from tags, configuration or the role's policies. Traffic that Lambda itself sends (logs, event sources,
#     dead letters) is left out.
#   configuration: [intent, trusted_egress, central_endpoints]
#   reads: []
#   statement: [services.service, services.subnet_ids, subnets.subnet_id, subnets.cause]
package vpcguard.rules.endpoints.service_unreachable

import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": sprintf("%s cannot reach %s: neither an endpoint nor a way to the internet. %s", [name, said, advice]),
	"evidence": reachability.evidence(name, found.subnets),
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	said := result.list({sprintf("%s from %s", [service, result.subnets(ids)]) | some service, ids in found.subnets})
	advice := sprintf(_advice, [
		result.word(found.subnets, "a VPC endpoint", "VPC endpoints"),
		result.list(object.keys(found.subnets)),
	])
}

unknown contains result.unknown(name, found.waits) if {
	some name, found in _found
	found.subnets == {}
	found.waits != set()
}

_found := reachability.found("service_unreachable")

_advice := "Create %s for %s, or give the subnets a route to a NAT gateway."
