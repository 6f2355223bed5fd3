# METADATA
# title: API
# description: |
#   What rules of an organization's own may rest on besides the input, and what stays as it is between releases:
#   facts by id, the way out, endpoints, groups, roles, tags, parameters, and what makes a violation or a doubt.
#   Anything else below data.vpcguard may change with every release. docs/own-rules.md shows each in use.
package vpcguard.api

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress as paths
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.iam
import data.vpcguard.lib.result

# METADATA
# description: Functions by name, as in input.functions; those being deleted too.
functions := facts.functions

# METADATA
# description: "Functions by name that are attached to a VPC: whom a rule applies to that does not say otherwise."
attached := facts.attached

# METADATA
# description: VPCs by id, as in input.vpcs.
vpcs := facts.vpcs

# METADATA
# description: Subnets by id, as in input.subnets.
subnets := facts.subnets

# METADATA
# description: Route tables by id, as in input.route_tables.
route_tables := facts.route_tables

# METADATA
# description: NAT gateways by id, as in input.nat_gateways.
nat_gateways := facts.nat_gateways

# METADATA
# description: Security groups by id, as in input.security_groups.
security_groups := facts.security_groups

# METADATA
# description: VPC endpoints by id, as in input.vpc_endpoints.
vpc_endpoints := facts.vpc_endpoints

# METADATA
# description: "A function's tags as {key: value}, keys in lower case: ours, and those that the configuration lists."
tags(name) := {tag.key: tag.value | some tag in facts.functions[name].tags}

# METADATA
# description: The role of a function, as in input.roles; undefined where it was not read.
role(name) := iam.roles[facts.functions[name].role_name]

# METADATA
# description: |
#   The way out of a subnet for a function there: {"state": works | none | unknown, "cause": why there is none, else
#   "", "hops": [{"id", "kind", "state"}] in order, "waits": what an unknown one waits for}.
egress(name, subnet_id) := object.filter(path, ["state", "cause", "hops", "waits"]) if {
	path := paths.of[cohorts.of[name]][subnet_id]
}

# METADATA
# description: Ids of the VPC endpoints that serve a function in a subnet, interface and gateway ones.
endpoints_serving(name, subnet_id) := endpoints.serving[cohorts.of[name]][subnet_id]

# METADATA
# description: |
#   What the configuration gives a rule for a function: rules.<id>.parameters, {} where it gives none. Overrides by
#   account, unit and function name are merged.
parameters(rule_id, name) := object.get(config.rule(rule_id)[config.signature_of[name]], "parameters", {})

# METADATA
# description: |
#   What is not known of a kind of fact (e.g. "nat_gateways", as in input.coverage) about a subject (a VPC, a function,
#   a role): a set of waits for `unknown`, empty where all of it is known.
waits(kind, subject) := facts.waits(kind, subject)

# METADATA
# description: |
#   A violation by a function: details holds "message", and where they apply "evidence" (an object), "root_causes" (a
#   set of ids), "severity", "advice" and "title".
violation(name, details) := result.violation(name, details)

# METADATA
# description: The rule cannot judge a function, and waits for this.
unknown(name, unknown_waits) := result.unknown(name, unknown_waits)
