# METADATA
# title: Configuration
# description: Defaults, override document and matching overrides, once by signature (the numbers of those that match).
package vpcguard.lib.config

# METADATA
# description: Signature by function name, for every function of the document.
signature_of := {one.name: signature |
	some one in input.functions
	signature := _everyone | {i | some i, pattern in _patterns; glob.match(pattern, null, one.name)}
}

# METADATA
# description: |
#   By signature, the sections in force, as in policies/schemas/config.json: "thresholds", "rules", "trusted_egress",
#   "inspection", "prices", "remediation", and "central_endpoints" where configured. Intent is in lib.intent.
settings := {signature: merged |
	some signature in _signatures
	layers := [_sections[i] | some i in signature]
	merged := object.union_n(array.concat([data.vpcguard.config.defaults, _document], layers))
}

# METADATA
# description: By signature, the intent configured for a pattern of function names, which precedes tags.
function_intent := {signature: intent |
	some signature in _signatures
	intent := object.union_n([_sections[i].intent | some i in signature; _patterns[i]])
}

# METADATA
# description: The intent configured for the account, its unit or everything, which tags precede.
account_intent := object.union_n(array.concat(
	[data.vpcguard.config.defaults.intent, object.get(_document, "intent", {})],
	[_sections[i].intent | some i in _everyone],
))

# METADATA
# description: By signature, a key of trusts. Most signatures trust the same.
trust_of := {signature: json.marshal(merged.trusted_egress) | some signature, merged in settings}

# METADATA
# description: |
#   By key, the ways out declared to work and not lapsed (a day "until" is the last): ids by kind of target, VPCs by
#   "proxy", and "everything" where the account's unit is trusted with every opaque way.
trusts := {key: trust |
	some key in {key | some key in trust_of}
	ways := [way |
		some way in json.unmarshal(key)
		object.get(way, "until", "9999") >= substring(input.evaluated_at, 0, 10)
	]
	trust := {
		"transit_gateway": {way.transit_gateway | some way in ways},
		"core_network": {way.core_network | some way in ways},
		"vpc_endpoint": {way.gateway_load_balancer | some way in ways},
		"proxy": {way.proxy | some way in ways},
		"virtual_private_gateway": {way.virtual_private_gateway | some way in ways},
		"everything": true in {glob.match(way.organization_unit, null, input.account.organization_unit) | some way in ways},
	}
}

# METADATA
# description: 'The settings of one rule by signature: "enabled", "stage", and "severity" where it is configured.'
rule(id) := {signature: setting |
	some signature, merged in settings
	setting := object.union({"enabled": true, "stage": merged.stage}, object.get(merged.rules, id, {}))
}

_signatures := {signature | some signature in signature_of}

# overrides whose account side matches: those for everyone there, and those for a pattern of names
_everyone := {i | some i in _matching; not input.config.overrides[i].match.function}

_patterns := {i: pattern | some i in _matching; pattern := input.config.overrides[i].match.function}

_matching := {i |
	some i, override in input.config.overrides
	every key, pattern in object.remove(override.match, ["function"]) {
		glob.match(pattern, null, _account[key]) # null: a star crosses slashes and dots
	}
}

# a key whose fact is unknown is not here, so it matches nothing
_account := object.union(
	{"account_id": input.account.id, "region": input.account.region},
	{"organization_unit": unit | unit := input.account.organization_unit},
)

_sections := [object.remove(override, ["match"]) | some override in input.config.overrides]

_document := object.remove(input.config, ["version", "overrides"])
