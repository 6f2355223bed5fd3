package vpcguard.lib.facts_test

import data.vpcguard.lib.facts

test_known_waits_for_nothing if {
	facts.is_known("subnets", "vpc-1") with input as {"coverage": [_entry({"status": "known"})]}
	facts.waits("subnets", "vpc-1") == set() with input as {"coverage": [_entry({"status": "known"})]}
}

test_what_nobody_spoke_of_was_never_read if {
	facts.waits("function_tags", "orders") == {
		{"status": "unknown", "name": "tag:GetResources", "reason": "not read"},
		{"status": "unknown", "name": "lambda:ListTags", "reason": "not read"},
	} with input as {"coverage": []}
	not facts.is_known("function_tags", "orders") with input as {"coverage": []}
}

test_the_subjects_own_entry_goes_before_that_of_the_kind if {
	entries := [
		_entry({"status": "unknown", "waits_for": ["ec2:DescribeSubnets"]}),
		_entry({"status": "known", "subject": "vpc-1"}),
	]
	facts.is_known("subnets", "vpc-1") with input as {"coverage": entries}
	not facts.is_known("subnets", "vpc-2") with input as {"coverage": entries}
}

test_a_subjects_own_entry_goes_before_that_of_its_group if {
	entries := [
		_entry({"status": "known", "subject": "vpc-1"}),
		_entry({"status": "unknown", "subject": "subnet-1", "waits_for": ["ec2:DescribeSubnets"]}),
	]
	waits := facts.waits_within("subnets", "subnet-1", "vpc-1") with input as {"coverage": entries}
	{wait.name | some wait in waits} == {"ec2:DescribeSubnets"}
	facts.waits_within("subnets", "subnet-2", "vpc-1") == set() with input as {"coverage": entries}
}

test_a_failed_read_an_unseen_owner_and_what_was_left_out if {
	operation := "ec2:DescribeSubnets"
	denied := {"status": "unknown", "waits_for": [operation], "reason": "denied"}
	_waits(denied) == {["unknown", operation, "denied"]}
	_waits(object.union(denied, {"is_failed_read": true})) == {["unknown", operation, "denied"]}
	_waits(object.union(denied, {"is_refused": true})) == {["refused", operation, "denied"]}
	unseen := {"status": "unknown", "waits_for": ["444455556666"], "is_failed_read": false}
	_waits(unseen) == {["opaque", "444455556666", ""]}
	_waits({"status": "not_requested", "waits_for": [operation]}) == {["not_requested", operation, ""]}
}

# or it would pass for known
test_unknown_always_waits_for_something if {
	_waits({"status": "unknown"}) == {["unknown", "ec2:DescribeSubnets", ""]}
}

_waits(entry) := {[wait.status, wait.name, wait.reason] | some wait in waits} if {
	document := {"coverage": [_entry(entry)]}
	waits := facts.waits("subnets", "vpc-1") with input as document # regal ignore:with-outside-test-context
}

_entry(more) := object.union({"kind": "subnets", "waits_for": []}, more)

test_doubtful_names_those_of_many_that_are_not_known if {
	entries := [
		_entry({"status": "known"}),
		_entry({"status": "known", "subject": "vpc-1"}),
		_entry({"status": "unknown", "subject": "vpc-2", "waits_for": ["ec2:DescribeSubnets"]}),
		_entry({"status": "unknown", "subject": "vpc-9", "waits_for": ["ec2:DescribeSubnets"]}),
	]
	known := facts.doubtful("subnets", {"vpc-1", "vpc-2", "vpc-3"}) with input as {"coverage": entries}
	object.keys(known) == {"vpc-2"}
	unknown := facts.doubtful("subnets", {"vpc-1", "vpc-2", "vpc-3"}) with input as {"coverage": [entries[1]]}
	object.keys(unknown) == {"vpc-2", "vpc-3"}
}

test_doubtful_says_what_each_waits_for if {
	denied := {"status": "unknown", "waits_for": ["ec2:DescribeSubnets"]}
	entries := [
		_entry(denied),
		_entry({"status": "known", "subject": "vpc-1"}),
		_entry(object.union(denied, {"subject": "vpc-2"})),
		_entry(object.union(denied, {"subject": "vpc-3", "reason": "denied"})),
		_entry(object.union(denied, {"subject": "vpc-9"})),
	]
	waits := facts.doubtful("subnets", {"vpc-1", "vpc-2", "vpc-3", "vpc-4"}) with input as {"coverage": entries}
	object.keys(waits) == {"vpc-2", "vpc-3", "vpc-4"}
	waits["vpc-2"] == waits["vpc-4"]
	waits["vpc-2"] != waits["vpc-3"]
}
