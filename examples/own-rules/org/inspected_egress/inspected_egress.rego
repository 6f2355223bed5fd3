# METADATA
# title: Function gets out past the inspection
# description: Every way out leads through one of the firewalls that rules.org.inspected_egress.parameters name.
# custom:
#   severity: high
#   advice: Point the default route of its subnets to the firewall.
package custom.vpcguard.rules.org.inspected_egress

import data.vpcguard.api

applies := {name | some name, _ in api.attached; _required(name) != set()}

deny contains api.violation(name, {
	"message": sprintf("%s gets out of %s past %s.", [
		name,
		concat(", ", sort(past)),
		concat(" and ", sort(_required(name))),
	]),
	"evidence": {"subnet_ids": past},
	"root_causes": past,
}) if {
	some name in applies
	past := {id | some id in api.attached[name].subnet_ids; _gets_out_past(name, id)}
	past != set()
}

unknown contains api.unknown(name, waits) if {
	some name in applies
	some id in api.attached[name].subnet_ids
	path := api.egress(name, id)
	path.state == "unknown"
	waits := path.waits
}

_required(name) := {id | some id in api.parameters("org.inspected_egress", name).through}

_gets_out_past(name, subnet_id) if {
	path := api.egress(name, subnet_id)
	path.state == "works"
	{hop.id | some hop in path.hops} & _required(name) == set()
}
