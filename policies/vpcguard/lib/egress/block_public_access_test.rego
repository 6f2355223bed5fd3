package vpcguard.lib.egress_test

import data.vpcguard.lib.fixtures_test as fixtures

test_the_subnets_own_state_counts if {
	_answer({"internet_gateway_block_mode": "off"}, "block-bidirectional") == "works"
	_answer({"internet_gateway_block_mode": "block-ingress"}, "off") == "works"
	_answer({"internet_gateway_block_mode": "block-bidirectional"}, "off") == "none"
	_answer({"internet_gateway_block_mode": "not read: botocore 1.35.64"}, "off") == "works"
	_answer({"internet_gateway_block_mode": "not read: botocore 1.35.64"}, "block-ingress") == "unknown"
}

test_the_account_option_counts_where_a_subnet_of_ours_has_none if {
	_answer({}, "off") == "works"
	_answer({}, "block-ingress") == "works"
	_answer({}, "block-bidirectional") == "none"
	without_owner := object.remove(_public_subnet({}), ["owner_id"])
	_path(_with_option(without_owner, "block-bidirectional")).state == "none"
}

test_an_account_without_option_has_it_off if {
	_path(object.union(_with_option(_public_subnet({}), "off"), {"block_public_access": []})).state == "works"
}

test_the_account_option_never_counts_for_a_subnet_of_somebody_else if {
	_answer({"owner_id": "444455556666"}, "block-bidirectional") == "works"
}

test_unknown_where_the_option_was_not_read if {
	document := object.union(_with_option(_public_subnet({}), "off"), {"block_public_access": []})
	denied := fixtures.denied(document, {"block_public_access": "ec2:DescribeVpcBlockPublicAccessOptions"})
	path := _path(denied)
	path.state == "unknown"
	{wait.name | some wait in path.waits} == {"ec2:DescribeVpcBlockPublicAccessOptions"}
}

test_unknown_where_the_mode_is_a_new_word if {
	path := _path(_with_option(_public_subnet({"internet_gateway_block_mode": "block-sometimes"}), "off"))
	[path.state, path.waits] == ["unknown", {{
		"status": "undecidable",
		"name": "pub",
		"reason": "Block Public Access block-sometimes",
	}}]
}

# a subnet that nobody could read may be excluded from a block, and from nothing else
test_a_subnet_that_was_not_read if {
	unread := {"subnets": [fixtures.subnet("app", "a")]}
	path := _path(object.union(_with_option(_public_subnet({}), "block-bidirectional"), unread))
	path.state == "unknown"
	{wait.name | some wait in path.waits} == {"ec2:DescribeSubnets"}
	_path(object.union(_with_option(_public_subnet({}), "off"), unread)).state == "works"
}

_answer(more, option) := _path(_with_option(_public_subnet(more), option)).state

_public_subnet(more) := object.union(
	object.remove(fixtures.subnet("pub", "a"), ["internet_gateway_block_mode"]),
	more,
)

_with_option(subnet, option) := fixtures.estate({
	"subnets": [fixtures.subnet("app", "a"), subnet],
	"block_public_access": [{"account_id": "111122223333", "internet_gateway_block_mode": option}],
})
