# METADATA
# title: Faults
# description: What is wrong with the way out of subnets, in plain words, and what to do next.
package vpcguard.lib.faults

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: |
#   What keeps these subnets of a cohort, all without a way out, from the internet: a clause for each kind of fault,
#   e.g. "from subnet-0a (eu-west-1a), 0.0.0.0/0 goes to nat-0b (egress-a), which is deleted". What is broken behind it
#   is added.
# scope: document
text(key, subnet_ids) := concat("; ", {clause |
	faults := {id: [_fault(path, one) | some one in path.causes] | some id in subnet_ids; path := egress.of[key][id]}
	texts_of := {id: [fault.text | some fault in of_one] | some id, of_one in faults}
	by_texts := facts.grouped([[texts, id] | some id, texts in texts_of])
	some texts, alike in by_texts
	places := {_before_transit(egress.of[key][one], one) | some one in alike}
	said := [_filled(text, ids, places) |
		some i, text in texts
		ids := union({object.get(faults, [one, i, "ids"], set()) | some one in alike})
	]
	clause := sprintf("from %s, %s", [result.subnets(alike), concat(", and ", said)])
})

# METADATA
# description: |
#   What to do about it, harmless to others: other subnets for the function first, where the own ones were never meant
#   to lead out, then a sentence for each kind of repair in the order of the way. intent (of egress) is what is
#   declared: who has declared that the internet is needed is not told to declare whether it is.
# scope: document
advice(key, subnet_ids, intent) := concat(" ", array.concat(_move(key, misplaced), sentences)) if {
	misplaced := {id | some id in subnet_ids; _is_misplaced(egress.of[key][id])}
	repairs := [object.union(_repair(path, one, intent), {"subnet_id": _before_transit(path, id)}) |
		some id in subnet_ids
		path := egress.of[key][id]
		some one in path.causes
		not _is_moved(key, path)
	]
	sentences := [_filled(text, union({one.ids | some one in alike}), {one.subnet_id | some one in alike}) |
		some text in _once([one.text | some one in repairs])
		alike := {one | some one in repairs; one.text == text}
	]
}

# METADATA
# description: |
#   What is wrong with the one path of these subnets, in the order of repair: [{"id", "text", "repair"}], where moving
#   the function is the whole repair with none. intent as of advice.
steps(path, subnet_ids, intent) := [{"id": one.id, "text": text, "repair": concat("", repairs)} |
	some one in path.causes
	places := {_before_transit(path, id) | some id in subnet_ids}
	fault := _fault(path, one)
	text := _filled(fault.text, fault.ids, places)
	repairs := [_filled(repair.text, repair.ids, places) | repair := _repair(path, one, intent)]
]

# texts hold <ids> for what is at fault, which may be several things, with their verbs, and <zones> for where
_filled(text, ids, subnet_ids) := strings.replace_n(
	object.union(
		{"<ids>": result.all_named(ids), "<zones>": result.zones({facts.subnets[id].zone_id | some id in subnet_ids})},
		{$"<{word}>": result.word(ids, word, several) | some word, several in _words},
	),
	text,
)

# where traffic comes to a transit gateway from: behind the last NAT or firewall on its way, else from its own subnet
_before_transit(path, subnet_id) := array.concat([subnet_id], passed)[count(passed)] if {
	passed := [one |
		some hop in path.hops
		some one in [
			object.get(facts.nat_gateways, [hop.id, "subnet_id"], ""),
			object.get(facts.interfaces, [hop.id, "subnet_id"], ""),
			object.get(facts.vpc_endpoints, [hop.id, "subnet_ids", 0], ""),
		]
		facts.subnets[one]
	]
}

_words := {
	"is": "are",
	"has": "have",
	"does": "do",
	"carries": "carry",
	"a black hole": "black holes",
	"a peering connection": "peering connections",
	"a private NAT gateway": "private NAT gateways",
}

# subnets that others may need as they are: nobody is told to change the default route of a public one
_is_misplaced(path) if path.cause in {"public_subnet", "no_default_route", "peering"}

_is_misplaced(path) if _leads_to_internet_gateway(path)

_leads_to_internet_gateway(path) if {
	path.cause in {"blackhole", "public_subnet"}
	_behind(path, path.causes[0].id).kind == "internet_gateway"
}

# moving is the whole repair of a public subnet; others may also get a way out of their own
_is_moved(_, path) if _leads_to_internet_gateway(path)

_is_moved(key, path) if {
	_is_misplaced(path)
	_elsewhere(key) != set()
}

_move(_, set()) := []

_move(key, ids) := [sprintf("Put the function into %s, %s to the internet, in place of %s.", [
	_few(others),
	result.word(others, "which leads", "which lead"),
	_these(key, ids),
])] if {
	ids != set()
	others := _elsewhere(key)
	others != set()
}

_move(key, ids) := [replace(text, "<subnets>", result.word(public, "subnet", "subnets")) | public != set()] if {
	ids != set()
	_elsewhere(key) == set()
	public := {id | some id in ids; _leads_to_internet_gateway(egress.of[key][id])}
	text := [one |
		some [state, one] in [["works", _take_out], ["none", _make]]
		egress.by_state[key][state] != set()
	][0]
}

_take_out := "Take the public <subnets> out of the function's configuration: others of it lead out."

_make := "Make private subnets with a default route to a NAT gateway in a public one, and put the function into them."

# the message lists those that do not lead out already
_these(key, ids) := result.word(ids, "the one that does not", "those that do not") if {
	ids == egress.by_state[key].none | egress.by_state[key].unknown
} else := result.subnets(ids)

# Subnets to which functions of a cohort could be moved: in its VPC, with room, in an ordinary zone, and they lead out.
# None in a VPC that somebody else owns, whose subnets are not all for us to use.
_elsewhere(key) := {id | some id, path in egress.paths("ipv4", trust, others); path.state == "works"} if {
	cohort := cohorts.by_key[key]
	trust := config.trust_of[cohort.signature]
	others := {one.id |
		some one in facts.subnets
		[one.vpc_id, one.owner_id, lower(one.state)] == [cohort.vpc_id, input.account.id, "available"]
		not one.outpost_arn
		one.free_ipv4_addresses > 0
		regex.match(`^[a-z]+[0-9]+-az`, one.zone_id) # a Local Zone's is usw2-lax1-az1
	} - cohort.named_subnets
}

_few(ids) := result.subnets(ids) if {
	count(ids) < 5
} else := sprintf("%s (or another of %d)", [result.subnet(min(ids)), count(ids)])

_once(list) := [one | some i, one in list; not one in array.slice(list, 0, i)]

# what is wrong at one place of a way, without the ids: {"text", "ids"}
_fault(path, one) := {"text": $"{_traffic(path)} goes to <ids>, which <has> no attachment in <zones>", "ids": ids} if {
	one.cause == "transit_gateway_zone"
	ids := {hop.id | some hop in path.hops; hop.state == "not_in_zone"}
} else := {"text": $"{_traffic(path)} goes to {_where[one.cause]}", "ids": {_behind(path, one.id).id}} if {
	_where[one.cause]
} else := {"text": $"{_traffic(path)} goes to <ids>, {_what[one.cause]}", "ids": {one.id}} if {
	_what[one.cause]
} else := {"text": $"{_traffic(path)} goes to <ids>, which {state}{_aws_words(one.id)}", "ids": {one.id}} if {
	one.cause == "nat_unavailable"
	state := _state(lower(_hop(path, one.id).state))
} else := {
	"text": $"{_traffic(path)} goes to <ids>, whose own way out has no internet gateway",
	"ids": path.nat_ids,
} if {
	one.cause == "nat_without_internet_gateway"
} else := {
	"text": $"{_traffic(path)} goes to a NAT instance that cannot pass it on: <ids> {_trouble(path, one.id).text}",
	"ids": {one.id},
} if {
	one.cause == "nat_instance_unusable"
} else := {"text": _causes[one.cause], "ids": {one.id}} if {
	_causes[one.cause]
} else := {"text": $"<ids> <has> a route for {half} alone, half of a default route", "ids": {one.id}} if {
	startswith(_hop(path, one.id).state, "only_")
	half := trim_prefix(_hop(path, one.id).state, "only_")
} else := {"text": "<ids> <has> no default route", "ids": {one.id}}

# of a table: what its default route leads to
_where := {
	"public_subnet": "<ids>, an internet gateway, which serves public addresses only",
	"blackhole": "<ids>, which <is> <a black hole> (gone, detached or stopped)",
}

_what := {
	"peering": "<a peering connection>, which <carries> nothing on to the internet",
	"nat_private": "<a private NAT gateway>, which <has> no way to the internet",
}

_causes := {
	"internet_gateway_detached": "the way leads to <ids>, which <is> not attached to the VPC",
	"block_public_access": "VPC Block Public Access stops the traffic at <ids>",
}

_state(state) := object.get({"failed": "<has> failed"}, state, $"<is> {state}")

_repair(path, one, intent) := {"text": "Give <ids> a default route to a NAT gateway.", "ids": {one.id}} if {
	[one.cause, intent] == ["no_default_route", "internet"]
} else := {"text": "Wait until <ids> <is> available; replace what fails.", "ids": {one.id}} if {
	one.cause == "nat_unavailable"
	lower(_hop(path, one.id).state) == "pending"
} else := {"text": "Attach an internet gateway to the VPC of <ids>.", "ids": {one.id}} if {
	# a regional gateway without a table of its own leaves by the gateway of its VPC
	one.cause == "nat_without_internet_gateway"
	facts.nat_gateways[one.id].is_regional
} else := {"text": "Attach the VPC to <ids>, with a subnet of <zones>.", "ids": {one.id}} if {
	# without an attachment the gateway itself is named
	one.cause == "transit_gateway_zone"
	_hop(path, one.id)
} else := {"text": "Route ::/0 of <ids> to an egress-only internet gateway of the VPC.", "ids": {path.hops[0].id}} if {
	one.cause in {"blackhole", "internet_gateway_detached"}
	_traffic(path) == "::/0"
} else := {
	"text": "Replace <ids> by a NAT gateway in a subnet that leads to an internet gateway.",
	"ids": path.nat_ids,
} if {
	# others leave by this default route: it stays
	one.cause == "nat_without_internet_gateway"
	_hop(path, one.id).state != "no_default_route"
} else := {"text": _trouble(path, one.id).repair, "ids": {one.id}} if {
	one.cause == "nat_instance_unusable"
} else := {"text": _repairs[one.cause], "ids": {one.id}}

_repairs := {
	"no_default_route": concat(" ", [
		"Give <ids> a default route to a NAT gateway,",
		"or declare what the function needs (vpcguard:egress=aws or none).",
	]),
	"blackhole": "Point the default route of <ids> to a NAT gateway that is available.",
	"peering": "Point the default route to a NAT gateway, and routes of the peer's own networks to <ids>.",
	"transit_gateway_zone": "Add a subnet of <zones> to <ids>, the VPC's attachment.",
	"internet_gateway_detached": "Attach <ids> to the VPC.",
	"nat_unavailable": "Replace <ids> by a NAT gateway that is available, and point the default route to it.",
	"nat_private": "Route to a public NAT gateway instead of <ids>.",
	"nat_without_internet_gateway": "Give <ids> a default route to the VPC's internet gateway.",
	"block_public_access": "Exclude <ids> from Block Public Access if the traffic is meant.",
}

# halves of a default route are routes of their own; a way over IPv6 is told of where there is none over IPv4
_traffic(path) := "::/0" if {
	destinations := {route.destination | some route in facts.route_tables[path.hops[0].id].routes}
	destinations & {"::/0", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"} == {"::/0"}
} else := "default traffic" if {
	some hop in path.hops
	some route in facts.route_tables[hop.id].routes
	route.destination in {"0.0.0.0/1", "128.0.0.0/1"}
} else := "0.0.0.0/0"

_hop(path, id) := [hop | some hop in path.hops; hop.id == id][0]

_behind(path, id) := [path.hops[i + 1] | some i, hop in path.hops; hop.id == id; path.hops[i + 1]][0]

# why AWS could not make a NAT gateway, in its own words
_aws_words(id) := sprintf(" (%s)", [concat(": ", told)]) if {
	told := [word | some part in ["failure_code", "failure_message"]; word := facts.nat_gateways[id][part]]
	told != []
} else := ""

# what keeps a NAT instance from its work: it or its interface, else its own way out
_trouble(path, id) := {"text": concat(" and ", texts), "repair": concat(" ", repairs)} if {
	found := [_troubles[[hop.kind, lower(hop.state)]] | some hop in path.hops; hop.id == id]
	found != []
	texts := [one.text | some one in found]
	repairs := [one.repair | some one in found]
} else := {
	"text": "<does> not pass it on",
	"repair": "Repair <ids>, or replace the NAT instance by a NAT gateway.",
}

_troubles := {
	["network_interface", "source_dest_check"]: {
		"text": "checks source and destination",
		"repair": "Turn off the source/destination check of <ids>, or replace the NAT instance by a NAT gateway.",
	},
	["network_interface", "leads_back"]: {
		"text": "<is> where the default route of its own subnet leads",
		"repair": "Move the NAT instance of <ids> to a public subnet, or replace it by a NAT gateway.",
	},
	["security_groups", "lets_nobody_in"]: {
		"text": "<has> security groups that let nobody in from there on TCP 443",
		"repair": "Let the function's subnets in on TCP 443 in a security group of <ids>.",
	},
	["public_address", "missing"]: {
		"text": "<has> no public address",
		"repair": "Give <ids> an Elastic IP, or replace the NAT instance by a NAT gateway.",
	},
	["instance", "stopped"]: {
		"text": "<is> stopped",
		"repair": "Start <ids>, or replace the NAT instance by a NAT gateway.",
	},
	["network_interface", "missing"]: _gone,
	["instance", "missing"]: _gone,
	["internet_gateway", "detached"]: {
		"text": "<is> not attached to the VPC",
		"repair": "Attach <ids> to the VPC.",
	},
}

_gone := {
	"text": "<does> not exist",
	"repair": "Replace <ids> by a NAT gateway, and point the default route to it.",
}
