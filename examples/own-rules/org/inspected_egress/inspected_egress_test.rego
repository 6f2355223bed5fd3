package custom.vpcguard.rules.org.inspected_egress_test

import data.custom.vpcguard.rules.org.inspected_egress as rule
import data.vpcguard.lib.fixtures_test as fixtures

_estate(through) := fixtures.estate({
	"functions": [fixtures.function("orders", ["app"], {})],
	"config": {"version": 1, "rules": {"org.inspected_egress": {"parameters": {"through": through}}}},
})

test_deny_a_way_past_the_firewall if {
	found := rule.deny with input as _estate(["vpce-firewall"])
	{one.function | some one in found} == {"orders"}
}

test_allow_a_way_through_it if {
	estate := _estate(["nat-1"])
	found := rule.deny with input as estate
	found == set()
}

test_without_a_required_point_nobody_is_judged if {
	names := rule.applies with input as _estate([])
	names == set()
}
