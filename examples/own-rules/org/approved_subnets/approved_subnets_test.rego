package custom.vpcguard.rules.org.approved_subnets_test

import data.custom.vpcguard.rules.org.approved_subnets as rule
import data.vpcguard.lib.fixtures_test as fixtures

_config := {
	"version": 1,
	"tags": ["team"],
	"rules": {"org.approved_subnets": {"parameters": {"subnets": {"payments": ["app"]}}}},
}

_estate(subnet_ids, tags) := fixtures.estate({
	"functions": [fixtures.function("orders", subnet_ids, {"tags": fixtures.tags(tags)})],
	"config": _config,
})

test_deny_a_subnet_of_somebody_else if {
	found := rule.deny with input as _estate(["app", "shop"], {"team": "payments"})
	[one.evidence.subnet_ids | some one in found] == [{"shop"}]
}

test_allow_the_teams_own if {
	found := rule.deny with input as _estate(["app"], {"team": "payments"})
	found == set()
}

test_a_team_without_subnets_is_not_judged if {
	names := rule.applies with input as _estate(["shop"], {"team": "search"})
	names == set()
}

test_unknown_while_nobody_read_the_tags if {
	denied := fixtures.denied(_estate(["shop"], {}), {"function_tags": "tag:GetResources"})
	found := rule.unknown with input as denied
	{one.function | some one in found} == {"orders"}
}
