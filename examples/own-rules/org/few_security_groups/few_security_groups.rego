# METADATA
# title: Function has more security groups than agreed
# custom: {severity: low, advice: Merge the groups that allow the same.}
package custom.vpcguard.rules.org.few_security_groups

import data.vpcguard.api

deny contains {
	"function": name,
	"message": sprintf("has %d security groups, %d are agreed.", [count(fn.security_group_ids), most]),
	"evidence": {"security_group_ids": fn.security_group_ids},
} if {
	some name, fn in api.attached
	most := object.get(api.parameters("org.few_security_groups", name), "most", 3)
	count(fn.security_group_ids) > most
}
