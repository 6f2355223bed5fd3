package vpcguard.lib.result_test

import data.vpcguard.lib.result

test_lists if {
	result.list(set()) == ""
	result.list({"a"}) == "a"
	result.list({"b", "a"}) == "a and b"
	result.list({"c", "b", "a"}) == "a, b and c"
}

test_a_word_for_one_and_for_several if {
	result.word({"a"}, "is", "are") == "is"
	result.word({"a", "b"}, "is", "are") == "are"
}

test_a_subnet_with_the_name_of_its_zone_else_the_id if {
	subnets := {"subnets": [
		{"id": "a", "zone_name": "eu-west-1a", "zone_id": "euw1-az1"},
		{"id": "b", "zone_id": "euw1-az2"},
		{"id": "c"},
	]}
	result.subnets({"a", "b", "c", "unseen"}) == "a (eu-west-1a), b (euw1-az2), c and unseen" with input as subnets
}

test_waits_with_their_reasons if {
	result.awaited({
		{"status": "unknown", "name": "ec2:DescribeSubnets", "reason": "AccessDenied"},
		{"status": "opaque", "name": "tgw-1", "reason": ""},
	}) == "ec2:DescribeSubnets (AccessDenied) and tgw-1"
}

test_a_reason_that_names_it_again_is_shown_once if {
	result.awaited({{
		"status": "unknown",
		"name": "ec2:DescribeSubnets",
		"reason": "ec2:DescribeSubnets refused: UnauthorizedOperation",
	}}) == "ec2:DescribeSubnets (refused: UnauthorizedOperation)"
}
