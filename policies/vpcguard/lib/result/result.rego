# METADATA
# title: Result
# description: What a rule says about a function, and the words that messages share.
package vpcguard.lib.result

# METADATA
# description: |
#   A violation of the rule by a function. details holds "message" and "evidence", and where they apply "severity"
#   (else that of the metadata), "root_causes" (a set: one id becomes root_cause, several none), "basis" (declared,
#   inferred) and "is_eligible" (false: the rule's remediation must not be used here).
# scope: document
violation(name, details) := object.union({"function": name}, details)

# METADATA
# description: |
#   The rule cannot judge a function: waits as lib.facts gives them. Several may be said of one function; what
#   rests on facts left out on purpose alone becomes silence.
# scope: document
unknown(name, waits) := {"function": name, "waits": waits, "evidence": {}}

# METADATA
# description: As unknown, of several functions (a set) that wait for the same.
# scope: document
unknown_all(names, waits) := {"functions": names, "waits": waits, "evidence": {}}

# METADATA
# description: The functions about which something is unknown, given entries of a rule's unknown.
# scope: document
unjudged(doubts) := {one.function | some one in doubts} | union({one.functions | some one in doubts})

# METADATA
# description: As unknown, with evidence.
# scope: document
unknown_with(name, waits, evidence) := {"function": name, "waits": waits, "evidence": evidence}

# METADATA
# description: "A set of texts as one: a, b and c."
# scope: document
list(texts) := concat(", ", texts) if count(texts) < 2

list(texts) := sprintf("%s and %s", [concat(", ", array.slice(sorted, 0, last)), sorted[last]]) if {
	sorted := sort(texts)
	last := count(sorted) - 1
	last > 0
}

# METADATA
# description: The word that fits how many there are, one or several.
# scope: document
word(ids, for_one, _) := for_one if count(ids) == 1

word(ids, _, for_several) := for_several if count(ids) != 1

# METADATA
# description: A subnet with its zone, e.g. subnet-0a (eu-west-1a).
# scope: document
subnet(id) := object.get(_with_zone, id, id)

# METADATA
# description: Several subnets, each with its zone.
# scope: document
subnets(ids) := list({object.get(_with_zone, id, id) | some id in ids})

# METADATA
# description: "What something unknown waits for, given waits as lib.facts answers: names, each with its reason."
# scope: document
awaited(unknown) := list({_awaited(wait) | some wait in unknown})

_awaited(wait) := wait.name if wait.reason == ""

# a reason may begin with the name again
_awaited(wait) := sprintf("%s (%s)", [wait.name, trim_prefix(wait.reason, $"{wait.name} ")]) if wait.reason != ""

# names are what people see in the console; the id serves where there is none
_with_zone := object.union(
	{one.id: $"{one.id} ({one.zone_id})" | some one in input.subnets; one.zone_id},
	{one.id: $"{one.id} ({one.zone_name})" | some one in input.subnets; one.zone_name},
)
