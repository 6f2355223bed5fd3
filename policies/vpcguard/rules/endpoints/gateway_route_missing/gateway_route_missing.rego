# METADATA
# title: Traffic to S3 or DynamoDB pays for a NAT that a free endpoint would replace
# description: |
#   A gateway endpoint costs nothing and takes the traffic off the NAT gateway, which charges for every gigabyte. It
#   works only through the route tables with which it is associated.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
#   - ref: https://aws.amazon.com/vpc/pricing/
# custom:
#   doubt: Not known whether traffic to S3 or DynamoDB pays for a NAT that a free endpoint would replace
#   severity: low
#   advice: Create a gateway endpoint for the service and associate it with the route tables of the function's subnets.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need S3 or DynamoDB, or may need them
#   applies_if: [attached, subnets, needs]
#   passes: No subnet sends traffic for S3 or DynamoDB through a NAT that a gateway endpoint would spare.
#   judged: >-
#     From a subnet whose way to the internet is a NAT that works, S3 or DynamoDB is needed, and the subnet's route
#     table is associated with no available gateway endpoint of the service. It does not fire where a usable interface
#     endpoint takes over the name. The saving is taken from the configured prices. How much traffic there is, and so
#     what it costs, is not known.
#   configuration: [intent, trusted_egress, prices]
#   reads: []
#   statement: [gaps]
package vpcguard.rules.endpoints.gateway_route_missing

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

# nobody who certainly calls neither service
applies := {name | some name in needs.callers; _may_call[name]}

deny contains result.violation(name, {
	"message": sprintf("%s reaches %s.", [name, said]),
	"advice": concat("", [advice, _saving(prices)]),
	"evidence": object.union(reachability.evidence(name, found.subnets), {
		"gaps": gaps,
		"endpoints_with_own_policy": endpoints.with_own_policy(unassociated),
		"prices": prices,
	}),
	"root_causes": _root_causes(cohort.vpc_id, gaps),
	"basis": needs.basis(name),
}) if {
	some name, found in _found
	found.subnets != {}
	cohort := cohorts.by_key[cohorts.of[name]]
	gaps := [gap | some service, subnet_ids in found.subnets; gap := _gap(cohort.vpc_id, service, subnet_ids)]
	unassociated := {id | some gap in gaps; some id in gap.endpoints}
	said := concat("; ", {_said(gaps, subnet_ids) | some subnet_ids in {gap.subnet_ids | some gap in gaps}})
	advice := concat(" ", {_advice(gaps, one) | some one in {_to_do(gap) | some gap in gaps}})
	prices := _prices(cohort.signature)
}

unknown contains result.unknown(name, found.waits) if {
	some name, found in _found
	found.subnets == {}
	found.waits != set()
}

_found := object.filter(reachability.found("gateway_route_missing"), applies)

_may_call contains name if {
	some name, services in needs.of
	object.keys(services) & endpoints.gateway_services != set()
}

_may_call contains name if {
	some name, waits in needs.others
	waits != set()
}

_gap(vpc_id, service, subnet_ids) := {
	"service": service,
	"cause": _cause(ids),
	"endpoints": ids,
	"subnet_ids": subnet_ids,
	"route_table_ids": {egress.route_table(id, vpc_id) | some id in subnet_ids},
} if {
	ids := endpoints.gateways_of(vpc_id, service)
}

_cause(ids) := "no_endpoint" if {
	ids == set()
} else := "not_available" if {
	_available(ids) == set()
} else := "not_associated"

# the one table without the routes, else the VPC without the endpoints, else the one endpoint that lacks some tables
_root_causes(vpc_id, gaps) := tables if {
	tables := union({gap.route_table_ids | some gap in gaps})
	count(tables) == 1
} else := {vpc_id} if {
	{gap.cause | some gap in gaps} == {"no_endpoint"}
} else := {min([ids | some ids in [_available(gap.endpoints), gap.endpoints]; ids != set()][0]) | some gap in gaps} if {
	every gap in gaps { gap.cause != "no_endpoint" }
} else := set()

# services that are reached from the same subnets are told together
_said(gaps, subnet_ids) := sprintf("%s through a NAT from %s: %s", [
	result.list({gap.service | some gap in alike}),
	result.subnets(subnet_ids),
	result.list({_reason(alike, cause) | some cause in {gap.cause | some gap in alike}}),
]) if {
	alike := [gap | some gap in gaps; gap.subnet_ids == subnet_ids]
}

_reason(gaps, "no_endpoint") := sprintf("the VPC has no gateway %s for %s", [
	result.word(services, "endpoint", "endpoints"),
	_which(services, {gap.service | some gap in gaps}),
]) if {
	services := {gap.service | some gap in gaps; gap.cause == "no_endpoint"}
}

_reason(gaps, "not_available") := $"{result.all_named(ids)} {result.word(ids, "is", "are")} not available" if {
	ids := {id | some gap in gaps; gap.cause == "not_available"; some id in gap.endpoints}
}

_reason(gaps, "not_associated") := sprintf("%s %s not associated with the %s", [
	result.all_named(ids),
	result.word(ids, "is", "are"),
	result.word(union({gap.route_table_ids | some gap in gaps}), "route table there", "route tables there"),
]) if {
	ids := {id | some gap in gaps; gap.cause == "not_associated"; some id in _available(gap.endpoints)}
}

# named again only where not all of them are meant
_which(services, alike) := result.word(services, "it", "them") if {
	services == alike
} else := result.list(services)

_available(ids) := {id | some id in ids; endpoints.availability[id] == {true}}

# prices are the configuration's, never ours
_prices(signature) := object.get(config.settings[signature], ["prices", input.account.region], {})

_saving(prices) := sprintf(
	" This saves the NAT gateway's charge of %v a gigabyte (price of %s).",
	[prices.nat_gateway_gb, prices.date],
) if {
	prices.nat_gateway_gb
	prices.date
} else := ""

_to_do(gap) := [gap.cause == "not_associated", gap.route_table_ids]

# one sentence for what is to be done with the same route tables
_advice(gaps, [true, tables]) := $"Associate {result.all_named(ids)} with {result.all_named(tables)}." if {
	ids := {min(_available(gap.endpoints)) | some gap in gaps; _to_do(gap) == [true, tables]}
}

_advice(gaps, [false, tables]) := sprintf("Create the %s %s (gateway, free) and associate %s with %s.", [
	result.word(names, "endpoint", "endpoints"),
	result.list(names),
	result.word(names, "it", "them"),
	result.all_named(tables),
]) if {
	names := {endpoints.service_name(gap.service) | some gap in gaps; _to_do(gap) == [false, tables]}
}
