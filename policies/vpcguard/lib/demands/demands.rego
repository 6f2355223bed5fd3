# METADATA
# title: Demands
# description: |
#   Which services are called from where. Crowds (lib.needs) that neither their needs nor anything that decides what
#   becomes of a call tells apart make one demand, and share all verdicts on endpoints.
package vpcguard.lib.demands

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs

# METADATA
# description: |
#   By cohort key, its outlook: [signature, place (lib.endpoints)]. What becomes of a call hangs on nothing else.
outlook_of := {key: [cohort.signature, endpoints.place_of[key]] | some key, cohort in cohorts.by_key}

# METADATA
# description: |
#   What needy crowds (lib.needs) call from where, by a key of its own: {"crowds" (their keys), "outlook", "place",
#   "vpc_id", "services", "others", "hidden_subnet_waits"}.
by_key := {key: demand |
	some key, crowd_keys in _demanding
	[outlook, needed] := key
	spread := cohorts.spreads[outlook[1][0]]
	demand := {
		"crowds": crowd_keys,
		"outlook": outlook,
		"place": outlook[1],
		"vpc_id": spread.vpc_id,
		"services": needed.services,
		"others": needed.others,
		"hidden_subnet_waits": spread.hidden_subnet_waits,
	}
}

# METADATA
# description: |
#   The functions that make a demand, with the intent that evidence shows: a list of {"functions", "intent"}.
# scope: document
making(demand) := [{"functions": crowd.functions, "intent": intent.evidence(intent_key)} |
	some key in demand.crowds
	crowd := needs.crowds[key]
	intent_key := cohorts.by_key[crowd.cohort].intent_key
]

# METADATA
# description: The functions that make these demands, given their keys.
# scope: document
functions(keys) := needs.functions(union({by_key[key].crowds | some key in keys}))

# by key of demands, the crowds
_demanding := {key: crowd_keys |
	some key in {key | some key in _demand_of}
	crowd_keys := {crowd_key | some crowd_key, other in _demand_of; other == key}
}

_demand_of := {crowd_key: [outlook_of[cohort_key], needed] |
	some crowd_key in needs.needy
	[cohort_key, needed] := crowd_key
}
