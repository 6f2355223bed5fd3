# METADATA
# title: FILL IN the fault as a sentence about the function
# custom: {severity: medium, advice: FILL IN what to do about it.}
package custom.vpcguard.rules.FAMILY.FAULT

import data.vpcguard.api

# FILL IN the condition; this one finds functions without the tag team, which the configuration has to list (tags: [team])
deny contains {"function": name, "message": "FILL IN what is wrong."} if {
	some name, _ in api.attached
	api.waits("function_tags", name) == set()
	not api.tags(name).team
}

# what was not read never makes it pass
unknown contains api.unknown(name, waits) if {
	some name, _ in api.attached
	waits := api.waits("function_tags", name)
	waits != set()
}
