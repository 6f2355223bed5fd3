package vpcguard.rules.ip.legacy_eni_estimate_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.ip.legacy_eni_estimate as rule

# 1000 executions of 1.5 GB by the old formula are 500 addresses
test_deny_reserved_concurrency_above_the_free_addresses if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders may have needed 500 addresses before 2019 (peak concurrency 1000, 1536 MB),",
			"and its subnets have 400 free.",
		]),
		"evidence": {"estimate": 500, "peak_concurrency": 1000, "memory_mb": 1536, "free_addresses": 400},
		"root_causes": {"a1", "b1"},
	}} with input as _document({"reserved_concurrency": 1000})
}

test_deny_configured_peak_where_nothing_is_reserved if {
	{v.evidence.peak_concurrency | some v in rule.deny} == {2000} with input as _configured(_document({}))
}

test_deny_what_is_reserved_comes_first if {
	document := _configured(_document({"reserved_concurrency": 1000}))
	{v.evidence.peak_concurrency | some v in rule.deny} == {1000} with input as document
}

test_allow_a_small_peak if {
	rule.applies == {"orders"} with input as _document({"reserved_concurrency": 100})
	rule.deny == set() with input as _document({"reserved_concurrency": 100})
	rule.unknown == set() with input as _document({"reserved_concurrency": 100})
}

test_unknown_while_the_reservation_is_unread if {
	document := fixtures.denied(_configured(_document({})), {"reserved_concurrency": "lambda:GetFunctionConcurrency"})
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lambda:GetFunctionConcurrency"} with input as document
}

test_not_applicable_without_a_peak if {
	rule.applies == set() with input as _document({})
	rule.deny == set() with input as _document({})
}

_configured(document) := object.union(document, {"config": {"version": 1, "thresholds": {"peak_concurrency": 2000}}})

_document(more) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1", "b1"], object.union({"memory_mb": 1536}, more))],
	"subnets": [fixtures.subnet("a1", "a"), fixtures.subnet("b1", "b")],
})
