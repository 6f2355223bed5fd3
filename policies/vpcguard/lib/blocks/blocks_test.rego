package vpcguard.lib.blocks_test

import data.vpcguard.lib.blocks
import data.vpcguard.lib.fixtures_test as fixtures

test_the_subnets_own_state_counts if {
	_answer({"internet_gateway_block_mode": "off"}, "block-bidirectional") == "open"
	_answer({"internet_gateway_block_mode": "block-ingress"}, "off") == "open"
	_answer({"internet_gateway_block_mode": "block-bidirectional"}, "off") == "blocked"
}

test_the_account_option_counts_where_a_subnet_of_ours_has_none if {
	_answer({}, "off") == "open"
	_answer({}, "block-ingress") == "open"
	_answer({}, "block-bidirectional") == "blocked"
	without_owner := object.remove(_subnet({}), ["owner_id"])
	_of(_document(without_owner, "block-bidirectional")).answer == "blocked"
}

test_an_account_without_option_has_it_off if {
	_of(object.union(_document(_subnet({}), "off"), {"block_public_access": []})).answer == "open"
}

test_the_account_option_never_counts_for_a_subnet_of_somebody_else if {
	_answer({"owner_id": "444455556666"}, "block-bidirectional") == "open"
}

test_unknown_where_the_option_was_not_read if {
	document := object.union(_document(_subnet({}), "off"), {"block_public_access": []})
	denied := fixtures.denied(document, {"block_public_access": "ec2:DescribeVpcBlockPublicAccessOptions"})
	found := _of(denied)
	found.answer == "unknown"
	{wait.name | some wait in found.waits} == {"ec2:DescribeVpcBlockPublicAccessOptions"}
}

test_unknown_where_the_mode_is_a_new_word if {
	found := _of(_document(_subnet({"internet_gateway_block_mode": "block-sometimes"}), "off"))
	found == {"answer": "unknown", "waits": {{
		"status": "undecidable",
		"name": "pub",
		"reason": "Block Public Access block-sometimes",
	}}}
}

# a subnet that nobody could read may be excluded from a block, and from nothing else
test_a_subnet_that_was_not_read if {
	found := _of(object.union(_document(_subnet({}), "block-bidirectional"), {"subnets": []}))
	found.answer == "unknown"
	{wait.name | some wait in found.waits} == {"ec2:DescribeSubnets"}
	_of(object.union(_document(_subnet({}), "off"), {"subnets": []})).answer == "open"
}

_answer(more, option) := _of(_document(_subnet(more), option)).answer

_of(document) := found if {
	found := blocks.of("pub", "vpc-1") with input as document # regal ignore:with-outside-test-context
}

_subnet(more) := object.union(object.remove(fixtures.subnet("pub", "a"), ["internet_gateway_block_mode"]), more)

_document(subnet, option) := fixtures.estate({
	"subnets": [subnet],
	"block_public_access": [{"account_id": "111122223333", "internet_gateway_block_mode": option}],
})
