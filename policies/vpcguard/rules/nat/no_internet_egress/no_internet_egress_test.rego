package vpcguard.rules.nat.no_internet_egress_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.nat.no_internet_egress as rule

test_deny_a_public_subnet if {
	violations := rule.deny with input as _routed([fixtures.to("internet_gateway", "igw-1")])
	violations == {{
		"function": "orders",
		"severity": "medium",
		"message": concat(" ", [
			"orders cannot reach the internet: from app (eu-west-1a), 0.0.0.0/0 goes to igw-1, an internet gateway, which",
			"serves public addresses only.",
		]),
		"advice": concat(" ", [
			"Make private subnets with a default route to a NAT gateway in a public one,",
			"and put the function into them.",
		]),
		"evidence": {
			"intent": {
				"egress": {"value": "undeclared", "source": "undeclared"},
				"private_targets": {"value": "undeclared", "source": "undeclared"},
				"services": {"values": set(), "source": "undeclared"},
				"unrecognized": set(),
			},
			"subnets": [{
				"subnet_id": "app",
				"zone_id": "euw1-az-a",
				"state": "none",
				"cause": "public_subnet",
				"hops": [
					{"id": "rtb-app", "kind": "route_table", "state": "active"},
					{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
				],
			}],
			"causes": {"app": [{"cause": "public_subnet", "id": "rtb-app"}]},
		},
		"root_causes": {"rtb-app"},
		"is_eligible": false,
	}}
}

test_message_names_the_dead_gateway if {
	document := fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": "deleted"})]})
	[[violation.message, violation.advice] | some violation in rule.deny] == [[
		"orders cannot reach the internet: from app (eu-west-1a), 0.0.0.0/0 goes to nat-1, which is deleted.",
		"Replace nat-1 by a NAT gateway that is available, and point the default route to it.",
	]] with input as document
}

test_severity_follows_the_intent if {
	routes := [fixtures.to("internet_gateway", "igw-1")]
	_severities(_routed(routes)) == {"medium"}
	_severities(_routed([fixtures.to("vpc_peering_connection", "pcx-1")])) == {"medium"}
	_severities(fixtures.estate({"nat_gateways": []})) == {"high"}
	_severities(_tagged(_routed(routes), "Internet ")) == {"critical"}
	_severities(_routed([])) == {"info"}
	_severities(_tagged(_routed([]), "internet")) == {"critical"}
}

# one subnet is isolated, the other is broken
# the cause counts, wherever on the way it is; isolation by design is another matter
test_severity_info_where_a_firewall_lacks_the_default_route if {
	document := fixtures.estate({
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("fw", "a")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("vpc_endpoint", "vpce-fw")], []),
			[fixtures.table("rtb-fw", ["fw"], [])],
		),
		"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
	})
	_severities(document) == {"info"}
}

test_severity_is_that_of_the_worst_cause if {
	document := object.union(_routed([]), {
		"functions": [fixtures.function("orders", ["app", "pub"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "b")],
	})
	_severities(document) == {"medium"}
	beside := object.union(document, {"route_tables": fixtures.tables(
		[fixtures.to("nat_gateway", "nat-gone")],
		[fixtures.to("internet_gateway", "igw-1")],
	)})
	_severities(beside) == {"high"}
}

test_evidence_names_all_that_is_to_be_repaired_in_order if {
	document := fixtures.estate({
		"nat_gateways": [fixtures.nat_gateway({"state": "failed"})],
		"internet_gateways": [],
	})
	[[violation.evidence.causes, violation.root_causes] | some violation in _violations(document)] == [[
		{"app": [
			{"cause": "nat_unavailable", "id": "nat-1"},
			{"cause": "internet_gateway_detached", "id": "igw-1"},
		]},
		set(),
	]]
}

# a firewall may be a proxy, which needs no route
test_unknown_where_a_proxy_may_serve_and_nothing_else_does if {
	_unknown(_proxied(_routed([]))) == {["orders", {"nat-1"}]}
	_unknown(_proxied(_with_endpoint(_routed([]), {}))) == set()
	_denied(_proxied(_with_endpoint(_routed([]), {}))) == set()
	_unknown(_tagged(_proxied(_with_endpoint(_routed([]), {})), "internet")) == {["orders", {"nat-1"}]}
	broken := object.union(_proxied(_with_endpoint(_routed([]), {})), {
		"functions": [fixtures.function("orders", ["app", "pub"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "b")],
	})
	_unknown(broken) == {["orders", {"nat-1"}]}
}

test_deny_undeclared_and_isolated_without_endpoint if {
	_denied(_routed([])) == {"orders"}
}

test_allow_undeclared_and_isolated_by_design if {
	_denied(_with_endpoint(_routed([]), {})) == set()
	_unknown(_with_endpoint(_routed([]), {})) == set()
}

test_deny_undeclared_and_isolated_where_the_endpoint_serves_nobody if {
	_denied(_with_endpoint(_routed([]), {"state": "pending"})) == {"orders"}
	_denied(_with_endpoint(_routed([]), {"private_dns_enabled": false})) == {"orders"}
	_denied(_with_endpoint(_routed([]), {"security_group_ids": ["sg-other"]})) == {"orders"}
}

test_deny_declared_though_an_endpoint_serves_it if {
	_denied(_tagged(_with_endpoint(_routed([]), {}), "internet")) == {"orders"}
}

test_unknown_where_endpoints_would_make_it_isolated_by_design if {
	document := fixtures.denied(_routed([]), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	_denied(document) == set()
	_unknown(document) == {["orders", {"ec2:DescribeVpcEndpoints"}]}
	_denied(_tagged(document, "internet")) == {"orders"}
}

# a fault beside an isolated subnet needs no endpoint to be one
test_root_cause_leaves_out_what_is_isolated_by_design if {
	document := _with_endpoint(
		fixtures.estate({
			"functions": [fixtures.function("orders", ["app", "pub"], {})],
			"route_tables": fixtures.tables([], [fixtures.to("internet_gateway", "igw-1")]),
		}),
		{},
	)
	{violation.root_causes | some violation in rule.deny} == {{"rtb-pub"}} with input as document
}

test_allow_with_a_way_out if {
	rule.applies == {"orders"} with input as fixtures.estate({})
	_denied(fixtures.estate({})) == set()
	_unknown(fixtures.estate({})) == set()
}

# that belongs to nat.mixed_egress
test_allow_with_one_way_out_of_two if {
	document := fixtures.estate({"functions": [fixtures.function("orders", ["app", "pub"], {})]})
	_denied(document) == set()
	_unknown(document) == set()
}

test_not_applicable_to_the_intents_aws_and_none if {
	every intent in ["aws", "none"] {
		document := _tagged(_routed([]), intent)
		rule.applies == set() with input as document
		_denied(document) == set()
		_unknown(document) == set()
	}
}

test_not_applicable_outside_a_vpc_on_managed_instances_and_while_deleting if {
	every function in [
		fixtures.function("orders", [], {}),
		fixtures.function("orders", ["app"], {"managed_instances": true}),
		fixtures.function("orders", ["app"], {"state": "Deleting"}),
		fixtures.function("orders", ["gone"], {}),
	] {
		document := object.union(_routed([]), {"functions": [function]})
		rule.applies == set() with input as document
		_denied(document) == set()
		_unknown(document) == set()
	}
}

test_unknown_over_a_transit_gateway if {
	document := _routed([fixtures.to("transit_gateway", "tgw-1")])
	_denied(document) == set()
	_unknown(document) == {["orders", {"tgw-1"}]}
}

test_unknown_where_a_hidden_subnet_may_lead_out if {
	document := object.union(_routed([]), {"functions": [fixtures.function("orders", ["app", "hidden"], {})]})
	denied := fixtures.denied(document, {"subnets": "ec2:DescribeSubnets"})
	_denied(denied) == set()
	_unknown(denied) == {["orders", {"ec2:DescribeSubnets"}]}
}

test_unknown_where_unread_tags_would_decide if {
	denied := {"function_tags": "tag:GetResources"}
	_unknown(fixtures.denied(_routed([]), denied)) == {["orders", {"tag:GetResources"}]}
	_denied(fixtures.denied(_routed([]), denied)) == set()
	rule.applies == {"orders"} with input as fixtures.denied(_routed([]), denied)
}

test_unread_tags_leave_a_way_out_alone if {
	_unknown(fixtures.denied(fixtures.estate({}), {"function_tags": "tag:GetResources"})) == set()
}

test_unread_tags_and_an_opaque_way_both_wait if {
	document := _routed([fixtures.to("transit_gateway", "tgw-1")])
	denied := fixtures.denied(document, {"function_tags": "tag:GetResources"})
	_unknown(denied) == {["orders", {"tag:GetResources", "tgw-1"}]}
}

test_eligible_where_configuration_declares_the_internet_alone if {
	document := _routed([fixtures.to("internet_gateway", "igw-1")])
	_eligible(_configured(document, {"egress": "internet", "private_targets": false})) == {true}
	_eligible(_configured(document, {"egress": "internet", "private_targets": true})) == {false}
	_eligible(_configured(document, {"egress": "internet"})) == {false}
	_eligible(_tagged(_configured(document, {"private_targets": false}), "internet")) == {false}
}

# semantics 3: groups and ACLs are judged by the two rules about them and change no other verdict
test_groups_and_acls_change_no_verdict if {
	acl := {"id": "acl-1", "vpc_id": "vpc-1", "is_default": false, "subnet_ids": ["app", "pub"], "entries": []}
	closed := {"security_groups": [object.union(fixtures.group("sg-f", [], []), {"egress": []})], "network_acls": [acl]}
	_denied(fixtures.estate(closed)) == set()
	_unknown(fixtures.estate(closed)) == set()
	broken := _routed([fixtures.to("internet_gateway", "igw-1")])
	_denied(object.union(broken, closed)) == {"orders"}
	unread := {"security_groups": "ec2:DescribeSecurityGroups", "network_acls": "ec2:DescribeNetworkAcls"}
	_denied(fixtures.denied(fixtures.estate({}), unread)) == set()
	_unknown(fixtures.denied(fixtures.estate({}), unread)) == set()
}

_routed(routes) := fixtures.estate({"route_tables": fixtures.tables(
	routes,
	[fixtures.to("internet_gateway", "igw-1")],
)})

_with_endpoint(document, more) := object.union(document, {
	"vpc_endpoints": [fixtures.endpoint(
		"vpce-sqs",
		"Interface",
		"sqs",
		object.union({"subnet_ids": ["app"], "security_group_ids": ["sg-e"]}, more),
	)],
	"security_groups": [fixtures.group("sg-e", ["sg-f"], []), fixtures.group("sg-other", [], [])],
})

_proxied(document) := object.union(document, {"nat_gateways": [fixtures.nat_gateway({"appliances": [{
	"type": "network-firewall-proxy",
	"endpoint_id": "vpce-fw",
	"state": "attached",
}]})]})

_tagged(document, egress) := object.union(document, {"functions": [object.union(
	document.functions[0],
	{"tags": fixtures.tags({"vpcguard:egress": egress})},
)]})

_configured(document, intent) := object.union(document, {"config": {"version": 1, "intent": intent}})

# regal ignore:with-outside-test-context
_violations(document) := violations if violations := rule.deny with input as document

_denied(document) := {violation.function | some violation in _violations(document)}

_severities(document) := {violation.severity | some violation in _violations(document)}

_eligible(document) := {violation.is_eligible | some violation in _violations(document)}

_unknown(document) := {[one.function, names] |
	some one in unknowns
	names := {wait.name | some wait in one.waits}
} if {
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
}

# who is known to call what no endpoint takes needs the way out
test_a_public_subnet_is_worse_where_a_need_is_known if {
	document := object.union(
		_routed([fixtures.to("internet_gateway", "igw-1")]),
		{"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:SendMessage"]})])]},
	)
	{violation.severity | some violation in rule.deny} == {"high"} with input as document
}
