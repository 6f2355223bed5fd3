package custom.vpcguard.rules.org.few_security_groups_test

import data.custom.vpcguard.rules.org.few_security_groups as rule
import data.vpcguard.lib.fixtures_test as fixtures

_function(groups) := fixtures.function("orders", ["app"], {"security_group_ids": groups})

test_deny_more_than_agreed if {
	found := rule.deny with input as fixtures.estate({"functions": [_function(["sg-1", "sg-2", "sg-3", "sg-4"])]})
	{one.message | some one in found} == {"has 4 security groups, 3 are agreed."}
}

test_allow_as_many_as_the_configuration_agrees_to if {
	config := {"version": 1, "rules": {"org.few_security_groups": {"parameters": {"most": 4}}}}
	estate := fixtures.estate({"functions": [_function(["sg-1", "sg-2", "sg-3", "sg-4"])], "config": config})
	found := rule.deny with input as estate
	found == set()
}
