# METADATA
# title: Function cannot reach an AWS service that it needs
# description: |
#   From some of its subnets there is neither a working way to the internet nor a usable VPC endpoint for the service.
#   Calls to it hang until they time out.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
# custom:
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
package vpcguard.rules.endpoints.service_unreachable

import data.vpcguard.lib.demands
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.needy_functions

deny contains result.violation(name, {
	"message": sprintf("%s cannot reach %s: neither an endpoint nor a way to the internet. %s", [name, said, advice]),
	"evidence": full_evidence,
	"basis": basis,
}) if {
	some key, report in _reports
	report.subnets != {}
	demand := demands.by_key[key]
	said := result.list({sprintf("%s from %s", [service, result.subnets(ids)]) | some service, ids in report.subnets})
	advice := sprintf(_advice, [
		result.word(report.subnets, "a VPC endpoint", "VPC endpoints"),
		result.list(object.keys(report.subnets)),
	])
	basis := reachability.basis(demand)
	evidence := reachability.evidence(demand, report.subnets)
	some makers in demands.making(demand)
	full_evidence := object.union(evidence, {"intent": makers.intent})
	some name in makers.functions
}

unknown contains result.unknown(name, report.waits) if {
	some key, report in _reports
	report.subnets == {}
	report.waits != set()
	some name in demands.functions({key})
}

_reports := reachability.report("service_unreachable")

_advice := "Create %s for %s, or give the subnets a route to a NAT gateway."
