# METADATA
# title: Result
# description: What a rule says about a function, and the words that messages share.
package vpcguard.lib.result

# METADATA
# description: |
#   A violation of the rule by a function. details holds "message" and "evidence", and where they apply "severity"
#   (else that of the metadata), "root_causes" (a set: one id becomes root_cause, several none), "basis" (declared,
#   inferred) and "is_eligible" (false: the rule's remediation must not be used here).
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
# description: "A set of texts as one: a, b and c."
list(texts) := concat(", ", texts) if {
	count(texts) < 2
} else := sprintf("%s and %s", [concat(", ", array.slice(sorted, 0, last)), max(sorted)]) if {
	sorted := sort(texts)
	last := count(sorted) - 1
}

# METADATA
# description: The word that fits how many there are, one or several.
word(ids, for_one, for_several) := for_one if {
	count(ids) == 1
} else := for_several

# METADATA
# description: A subnet with its zone, e.g. subnet-0a (eu-west-1a).
subnet(id) := object.get(_with_zone, id, id)

# METADATA
# description: Several subnets, each with its zone.
subnets(ids) := list({subnet(id) | some id in ids})

# METADATA
# description: "What something unknown waits for, given waits as lib.facts answers: names, each with its reason."
awaited(unknown) := list({_awaited(wait) | some wait in unknown})

# a reason may begin with the name again
_awaited(wait) := wait.name if {
	wait.reason == ""
} else := sprintf("%s (%s)", [wait.name, trim_prefix(wait.reason, $"{wait.name} ")])

# names are what people see in the console; the id serves where there is none
_with_zone := object.union(
	{one.id: $"{one.id} ({one.zone_id})" | some one in input.subnets; one.zone_id},
	{one.id: $"{one.id} ({one.zone_name})" | some one in input.subnets; one.zone_name},
)
