package vpcguard.lib.composing_test

import data.vpcguard.lib.composing
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result

test_what_was_seen_is_known_by_its_id if {
	nat := [fixtures.nat_gateway({"name": "egress-a"})]
	_told("nat-1", {"nat_gateways": nat}) == ["nat_gateway", "111122223333", "egress-a"]
	_told("app", {}) == ["subnet", "111122223333", ""]
	_told("igw-1", {}) == ["internet_gateway", "111122223333", ""]
	_told("tgw-attach-tgw-1", {}) == ["transit_gateway_attachment", "111122223333", ""]
	_told("role-f", {}) == ["role", "111122223333", ""]
}

test_what_is_gone_is_told_by_how_its_id_begins if {
	{kind | some id in ["i-0a", "tgw-0a", "tgw-attach-0a", "subnet-0a"]; [kind, _, ""] = _told(id, {})} == {
		"instance",
		"transit_gateway",
		"transit_gateway_attachment",
		"subnet",
	}
	_told("the payments team", {}) == ["other", "111122223333", ""]
}

# a name that looks like the id of something else
test_a_role_is_a_role_whatever_it_is_called if {
	functions := [fixtures.function("orders", ["app"], {"role_name": "vpc-access"})]
	_told("vpc-access", {"functions": functions}) == ["role", "111122223333", ""]
}

test_what_is_in_a_shared_vpc_is_its_owners_if_participants_have_none if {
	interface := {
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"owner_id": "777788889999",
		"instance_id": "i-1",
		"interface_type": "interface",
		"is_lambda": false,
		"security_group_ids": [],
	}
	shared := {
		"vpcs": [object.union(one, {"owner_id": "444455556666"}) | some one in fixtures.estate({}).vpcs],
		"security_groups": [fixtures.group("sg-f", [], []), object.remove(fixtures.group("sg-old", [], []), ["owner_id"])],
		"network_interfaces": [interface],
	}
	owners := {id: account |
		some id in ["vpc-1", "nat-1", "nat-gone", "rtb-app", "app", "sg-f", "sg-old", "sg-gone", "role-f", "eni-1", "i-1"]
		[_, account, _] = _told(id, shared)
	}
	owners == {
		"vpc-1": "444455556666",
		"nat-1": "444455556666",
		"nat-gone": "444455556666",
		"rtb-app": "444455556666",
		"app": "111122223333",
		"sg-f": "111122223333",
		"sg-old": "111122223333",
		"sg-gone": "111122223333",
		"role-f": "111122223333",
		"eni-1": "777788889999",
		"i-1": "777788889999",
	}
}

test_where_nobody_knows_the_vpc_it_is_ours if {
	_told("nat-1", {"vpcs": []}) == ["nat_gateway", "111122223333", ""]
}

test_of_several_none_is_told if {
	object.filter(_violation({"nat-1", "nat-2"}, {}), _keys) == {}
	object.filter(_violation(set(), {}), _keys) == {}
}

_keys := ["root_cause", "root_cause_kind", "root_cause_account", "root_cause_name"]

_told(id, parts) := [one.root_cause_kind, one.root_cause_account, object.get(one, "root_cause_name", "")] if {
	one := _violation({id}, parts)
	one.root_cause == id
}

_violation(ids, parts) := violation if {
	deny := {result.violation("orders", {"message": "broken", "evidence": {}, "root_causes": ids})}
	document := fixtures.estate(parts)
	[violation] := _composed(deny).violations with input as document # regal ignore:with-outside-test-context
}

_composed(deny) := composing.verdicts("nat.some_fault", _metadata, deny, set(), {"orders"})

_metadata := {"severity": "high", "remediation": "none"}
