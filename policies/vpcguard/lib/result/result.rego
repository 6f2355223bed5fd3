# METADATA
# title: Result
# description: What a rule says about a function, and the words that messages share.
package vpcguard.lib.result

import data.vpcguard.lib.facts

# METADATA
# description: |
#   A violation of the rule by a function. details holds "message" (what is wrong) and "evidence", and where they apply
#   "advice" (what to do here), "title" and "severity" (else those of the metadata), "root_causes" (a set: one id
#   becomes root_cause, several none; its kind, account and name are found by the id), "basis" (declared, inferred) and
#   "is_eligible" (false: the rule's remediation must not be used here).
violation(name, details) := object.union({"function": name}, details)

# METADATA
# description: |
#   The rule cannot judge a function: waits as lib.facts gives them. Several may be said of one function; what rests
#   on facts left out on purpose alone becomes silence.
unknown(name, waits) := unknown_with(name, waits, {})

# METADATA
# description: As unknown, with evidence.
unknown_with(name, waits, evidence) := {"function": name, "waits": waits, "evidence": evidence}

# METADATA
# description: The functions about which something is unknown, given entries of a rule's unknown.
unjudged(doubts) := {one.function | some one in doubts}

# METADATA
# description: "A set of texts as one: a, b and c; of more than six the first five and how many more there are."
list(texts) := concat(", ", texts) if {
	count(texts) < 2
} else := $"{concat(", ", array.slice(sort(texts), 0, 5))} and {count(texts) - 5} more" if {
	count(texts) > 6
} else := $"{concat(", ", array.slice(sort(texts), 0, count(texts) - 1))} and {max(texts)}"

# METADATA
# description: The word that fits how many there are, one or several.
word(ids, for_one, for_several) := for_one if {
	count(ids) == 1
} else := for_several

# METADATA
# description: "A resource with what its people call it (its Name tag), where they do: nat-0a (egress-a)."
named(id) := $"{id} ({names[id]})" if {
	names[id]
} else := id

# METADATA
# description: Several resources, each with its name.
all_named(ids) := list({named(id) | some id in ids})

# METADATA
# description: "A subnet with its name and its zone, e.g. subnet-0a (app-a, eu-west-1a)."
subnet(id) := concat("", [id, concat("", [$" ({concat(", ", words)})" | words != []])]) if {
	one := facts.subnets[id]
	words := array.concat([name | name := one.name], _zone(one)) # an id beside names is said to be one
} else := id

# METADATA
# description: Several subnets, each with its name and zone.
subnets(ids) := list({subnet(id) | some id in ids})

# METADATA
# description: Zones, given their ids, by the names that this account has for them.
zones(zone_ids) := list({object.get(_zones, id, $"the zone with id {id}") | some id in zone_ids})

# METADATA
# description: "What something unknown waits for, given waits as lib.facts answers: each name once, with its reasons."
awaited(waits) := concat("; ", sort({text |
	reasons := facts.grouped([[wait.name, reason] | some wait in waits; some reason in _reasons(wait)])
	some why, names in facts.grouped([[_told(said), name] | some name, said in reasons])
	text := concat("", [list(names), concat("", [$" ({why})" | why != ""])])
}))

# reasons that differ in what they are of alone share their words: no zone of a, b and c
_told(reasons) := concat(", and ", sort({$"{start}{list(ids)}" |
	some start, ids in facts.grouped([_parted(one) | some one in reasons])
}))

_parted(reason) := [start, id] if {
	[[_, start, id]] := regex.find_all_string_submatch_n(`^(.* of )([^ ]+)$`, reason, 1)
} else := [reason, ""]

# reads that were asked together share a reason, in which each has the part that begins with its name
_reasons(wait) := own if {
	own := {trim_prefix(part, _start(wait)) | some part in split(wait.reason, "; "); startswith(part, _start(wait))}
	own != set()
} else := {wait.reason}

_start(wait) := concat("", [wait.name, " "])

# METADATA
# description: What settles such waits, a sentence for each way to do it.
settling(waits) := concat(" ", {sentence |
	some means, names in facts.grouped([[_means(wait), wait.name] | some wait in waits])
	sentence := replace(data.vpcguard.config.settling.sentences[means], "{}", _said(means, names))
})

_said(means, names) := list(names) if {
	means != "services"
} else := concat(",", {max(data.vpcguard.config.services.endpoint_names[service]) | some service in names})

# what settles a wait, where it does not say so itself: its status tells, or what kind of thing it waits for
_means(wait) := object.get(wait, "settled_by", _means_of(wait))

_means_of(wait) := wait.status if {
	wait.status != "opaque"
} else := "untold" if {
	regex.match(`^[a-z0-9-]+:[A-Z]`, wait.name) # an operation
} else := "owner" if {
	regex.match(`^[0-9]{12}$`, wait.name)
} else := "trusted_egress" if {
	contains(wait.name, ":core-network/")
} else := object.get(data.vpcguard.config.settling.opaque, regex.replace(wait.name, `[-:].*`, ""), "nobody")

_zone(subnet) := [subnet.zone_name] if {
	subnet.zone_name
} else := [$"zone id {id}" | id := subnet.zone_id]

# the owner of a shared subnet may call a zone otherwise than we do
_zones := object.union(
	{zone_id: min(names) |
		some zone_id, names in facts.grouped([[one.zone_id, one.zone_name] | some one in input.subnets])
	},
	{one.id: one.name | some one in input.availability_zones},
)

# METADATA
# description: By id, what people call a resource that has a Name tag.
names := object.union_n([
	{one.id: one.name | some one in input.vpcs},
	{one.id: one.name | some one in input.subnets},
	{one.id: one.name | some one in input.route_tables},
	{one.id: one.name | some one in input.nat_gateways},
	{one.id: one.name | some one in input.internet_gateways},
	{one.id: one.name | some one in input.egress_only_internet_gateways},
	{one.id: one.name | some one in input.vpc_endpoints},
	{one.id: one.name | some one in input.security_groups},
	{one.id: one.name | some one in input.network_acls},
])
