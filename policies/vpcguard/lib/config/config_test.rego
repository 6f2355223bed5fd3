package vpcguard.lib.config_test

import data.vpcguard.lib.config
import data.vpcguard.lib.fixtures_test as fixtures

test_the_shipped_defaults_hold_without_a_document if {
	_settings({}) == data.vpcguard.config.defaults
	_settings({}).thresholds == {
		"ip_margin": 1,
		"ip_floor": 8,
		"ip_percent": 10,
		"eni_quota_percent": 80,
		"eni_quota_high_percent": 95,
	}
}

test_sections_merge_key_by_key_and_lists_replace if {
	settings := _settings({
		"thresholds": {"ip_floor": 20},
		"rules": {"az.single_az": {"severity": "low"}},
		"trusted_egress": [{"transit_gateway": "tgw-1"}],
		"overrides": [{
			"match": {"function": "orders"},
			"thresholds": {"ip_percent": 5},
			"rules": {"az.single_az": {"stage": "warn"}},
			"trusted_egress": [{"gateway_load_balancer": "vpce-1"}, {"proxy": "vpc-1"}],
		}],
	})
	settings.thresholds.ip_floor == 20
	settings.thresholds.ip_percent == 5
	settings.thresholds.ip_margin == 1
	settings.rules["az.single_az"] == {"severity": "low", "stage": "warn"}
	settings.rules["placement.vpc_required"] == {"enabled": false}
	settings.trusted_egress == [{"gateway_load_balancer": "vpce-1"}, {"proxy": "vpc-1"}]
}

test_later_overrides_win if {
	_settings({"overrides": [
		{"match": {"function": "*"}, "thresholds": {"ip_floor": 1}},
		{"match": {"region": "eu-west-1"}, "thresholds": {"ip_floor": 2}},
	]}).thresholds.ip_floor == 2
}

# a star crosses slashes and dots
test_every_given_key_must_match if {
	_matches({"organization_unit": "root/*"})
	_matches({"organization_unit": "*payments"})
	_matches({"account_id": "1111*"})
	_matches({"region": "eu-*", "account_id": "111122223333", "function": "ord*"})
	not _matches({"organization_unit": "root"})
	not _matches({"region": "us-*", "account_id": "111122223333"})
	not _matches({"region": "eu-*", "function": "pay*"})
}

test_a_key_whose_fact_is_unknown_matches_nothing if {
	document := fixtures.estate({
		"account": {"id": "111122223333", "region": "eu-west-1", "partition": "aws", "tags": []},
		"config": {
			"version": 1,
			"trusted_egress": [{"organization_unit": "*"}],
			"overrides": [{"match": {"organization_unit": "*"}, "thresholds": {"ip_floor": 99}}],
		},
	})
	nameless := object.union(object.remove(document, ["account"]), {"account": object.remove(
		document.account,
		["organization_unit", "name"],
	)})
	{settings.thresholds.ip_floor | some settings in config.settings} == {8} with input as nameless
	{trust.everything | some trust in config.trusts} == {false} with input as nameless
}

test_functions_that_match_the_same_share_a_signature if {
	document := fixtures.estate({
		"functions": [fixtures.function("a1", [], {}), fixtures.function("a2", [], {}), fixtures.function("b", [], {})],
		"config": {"version": 1, "overrides": [
			{"match": {"function": "a*"}, "thresholds": {"ip_floor": 1}},
			{"match": {"region": "*"}, "thresholds": {"ip_floor": 2}},
			{"match": {"region": "us-*"}, "thresholds": {"ip_floor": 3}},
		]},
	})
	config.signature_of == {"a1": {0, 1}, "a2": {0, 1}, "b": {1}} with input as document
}

test_settings_of_a_rule if {
	document := _document({"rules": {"az.single_az": {"severity": "low", "stage": "warn"}}})
	config.rule("az.single_az") == {set(): {"enabled": true, "severity": "low", "stage": "warn"}} with input as document
	config.rule("nat.cross_az") == {set(): {"enabled": true, "stage": "audit"}} with input as document
	config.rule("placement.vpc_required") == {set(): {"enabled": false, "stage": "audit"}} with input as document
}

test_trust_by_kind_of_target if {
	document := fixtures.estate({"config": {"version": 1, "trusted_egress": [
		{"transit_gateway": "tgw-1"},
		{"core_network": "arn:1"},
		{"gateway_load_balancer": "vpce-1"}, {"proxy": "vpc-1"},
		{"virtual_private_gateway": "vgw-1"},
		{"organization_unit": "root/prod/*"},
	]}})
	[trust | some trust in config.trusts] == [{
		"transit_gateway": {"tgw-1"},
		"core_network": {"arn:1"},
		"vpc_endpoint": {"vpce-1"},
		"proxy": {"vpc-1"},
		"virtual_private_gateway": {"vgw-1"},
		"everything": true,
	}] with input as document
}

_settings(document) := settings if {
	by_signature := config.settings with input as _document(document) # regal ignore:with-outside-test-context
	some settings in by_signature
}

_matches(match) if {
	_settings({"overrides": [{"match": match, "thresholds": {"ip_floor": 99}}]}).thresholds.ip_floor == 99
}

_document(document) := fixtures.estate({"config": object.union({"version": 1}, document)})
