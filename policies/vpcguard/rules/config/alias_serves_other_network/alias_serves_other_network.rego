# METADATA
# title: Alias serves a version with another network than $LATEST
# description: |
#   A published version keeps its VPC configuration for ever. Callers of the alias get the old network, whatever was
#   repaired or broken in $LATEST since.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
# custom:
#   doubt: Not known whether an alias serves a version with another network than $LATEST
#   severity: medium
#   advice: >-
#     If $LATEST has the right network, publish a version of it and point the alias at that; else give $LATEST the
#     network that the alias serves.
#   remediation: none
#   applies_to: functions with an alias, attached to a VPC or not
#   applies_if: [aliases]
#   passes: Every alias serves a version with the same subnets and security groups as $LATEST.
#   judged: >-
#     Each version that an alias serves, weighted ones included, is compared with $LATEST as sets of subnets and of
#     security groups. Aliases and versions are read for single functions; where they were left out on purpose, as in
#     a sweep, the rule is silent. Versions that are called without an alias are not judged, nor whether the network
#     of the old version works.
#   configuration: []
#   reads: []
#   statement: [aliases.alias, aliases.network, latest]
package vpcguard.rules.config.alias_serves_other_network

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# attached or not: the old version may be attached where $LATEST is not
applies := object.keys(_unread) | object.keys(_aliased)

deny contains result.violation(name, {
	"message": sprintf("%s: %s %s other subnets or security groups than $LATEST.", [
		name,
		result.word(aliases, $"alias {said}", $"aliases {said}"),
		result.word(aliases, "has", "have"),
	]),
	"advice": concat(" ", [
		"If the network of $LATEST is right, publish it and point",
		result.word(aliases, "the alias", "the aliases"),
		"at that version, which brings the code of $LATEST along; else correct the network of $LATEST.",
	]),
	"evidence": {"aliases": ways, "latest": _placement(one)},
}) if {
	some name, one in _aliased
	ways := _other_ways(one)
	ways != set()
	aliases := {way.alias | some way in ways}
	said := result.list({$"{way.alias} (version {way.version})" | some way in ways})
}

unknown contains result.unknown(name, waits) if {
	some name, one in _aliased
	_other_ways(one) == set()
	waits := facts.waits("function_aliases", name) | _unseen_versions(one)
	waits != set()
}

unknown contains result.unknown(name, waits) if {
	some name, waits in _unread
	not _aliased[name]
}

_aliased := {name: one | some name, one in facts.judged; one.aliases != []}

_other_ways(one) := {{"alias": way.alias, "version": way.version, "network": _placement(version)} |
	some way in _ways(one)
	some version in one.versions
	version.version == way.version
	_placement(version) != _placement(one)
}

_unseen_versions(one) := union({waits |
	some way in _ways(one)
	not way.version in {version.version | some version in one.versions}
	waits := facts.waits("function_versions", one.name)
})

_ways(one) := {{"alias": alias.name, "version": version} |
	some alias in one.aliases
	some version in alias.versions
	version != "$LATEST"
}

_placement(one) := {
	"subnet_ids": {id | some id in one.subnet_ids},
	"security_group_ids": {id | some id in one.security_group_ids},
}

_unread := facts.doubtful("function_aliases", object.keys(facts.judged))
