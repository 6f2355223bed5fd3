# METADATA
# title: Function cannot mount its file system
# description: |
#   A function mounts its file system over NFS, TCP 2049, at the mount target of the Availability Zone it runs in. Where
#   there is none, or security groups keep NFS out or in, every start of the function fails there.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-filesystem.html
#   - ref: https://docs.aws.amazon.com/efs/latest/ug/network-access.html
# custom:
#   doubt: Not known whether the function can mount its file system
#   severity: high
#   advice: >-
#     Let a group of the function out on TCP 2049 to the mount target's group, let that group admit it, and have a mount
#     target in every zone of the function.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet and a security group left, and that mount a file system
#   applies_if: [attached, subnets, security_groups, file_systems]
#   passes: Its security groups and those of the mount targets let NFS through in every zone it runs in.
#   judged: >-
#     TCP 2049 out of all groups of the function together, to the group or the address of the mount target in the zone
#     of each of its subnets; a mount target there that is available; and TCP 2049 in to it, from a group of the
#     function or from the whole network of the subnet. The mount targets of another account's file system, or of
#     another service than Amazon EFS, are not read. Network ACLs and the file system's policy are not judged.
#   configuration: []
#   reads: [elasticfilesystem:DescribeMountTargetSecurityGroups, elasticfilesystem:DescribeMountTargets]
#   statement: [faults.cause, faults.access_point_id, faults.subnet_ids]
package vpcguard.rules.config.file_system_unreachable

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result
import data.vpcguard.lib.security_groups

applies := object.keys(_mounting)

deny contains result.violation(name, {
	"message": $"{name}: {said}.",
	"advice": advice,
	"evidence": {"vpc_id": cohort.vpc_id, "security_group_ids": cohort.groups, "faults": faults},
	"root_causes": _root_causes(name),
}) if {
	some name, faults in _faults
	cohort := cohorts.by_key[_mounting[name]]
	said := concat("; ", [_said(fault, cohort.groups) | some fault in faults])
	advice := concat(" ", {_advice(cause, [fault | some fault in faults; fault.cause == cause], cohort.groups) |
		some cause in {fault.cause | some fault in faults}
	})
}

unknown contains result.unknown(name, waits) if {
	some name, key in _mounting
	not _faults[name]
	waits := cohorts.by_key[key].hidden_subnet_waits | union({found.waits |
		some system in facts.attached[name].file_systems
		some found in _at[key][system.arn]
	})
	waits != set()
}

# by name of a function with a file system, its cohort
_mounting := {name: key |
	some name, one in facts.attached
	one.file_systems != []
	key := cohorts.of[name]
	cohorts.with_subnets[key]
	cohorts.by_key[key].named_groups != cohorts.by_key[key].missing_groups
}

_faults := {name: faults |
	some name, key in _mounting
	faults := [{"cause": cause, "access_point_id": id, "mount_target_ids": targets, "subnet_ids": subnet_ids} |
		some system in facts.attached[name].file_systems
		id := system.access_point_id
		some cause in ["no_mount_target", "not_let_in", "not_let_out"]
		broken := {subnet_id: found.targets | some subnet_id, found in _at[key][system.arn]; found.cause == cause}
		broken != {}
		subnet_ids := object.keys(broken)
		targets := union({ids | some ids in broken})
	]
	faults != []
}

# by cohort, ARN of a file system that it mounts, and subnet: {"cause" ("" where none is proven), "targets", "waits"}
_at := {key: by_system |
	some key in {key | some key in _mounting}
	cohort := cohorts.by_key[key]
	by_system := {system.arn: {subnet_id: _found(key, system.arn, system.access_point_id, subnet_id) |
		some subnet_id in cohort.subnets
	} |
		some name in cohort.functions
		some system in facts.attached[name].file_systems
	}
}

_found(key, arn, id, subnet_id) := _fault("not_let_out", set()) if {
	out := _out[key]
	[out.named, out.prefix_lists, out.groups] == [set(), set(), set()]
	_unsure_out(key) == set()
} else := _doubt(waits) if {
	waits := _unread(arn, id)
	waits != set()
} else := _doubt(facts.waits_for_zones({subnet_id})) if {
	facts.waits_for_zones({subnet_id}) != set()
} else := _fault("no_mount_target", set()) if {
	_targets(id, subnet_id) == set()
} else := _by_target(key, min(_targets(id, subnet_id)), subnet_id)

_by_target(key, i, subnet_id) := _fault("not_let_out", {input.mount_targets[i].id}) if {
	not _is_let_out(key, i)
	_unsure_out(key) == set()
} else := _fault("not_let_in", {input.mount_targets[i].id}) if {
	not _is_let_in(key, i, subnet_id)
	_unsure_in(i) == set()
} else := _fault("", set()) if {
	_is_let_out(key, i)
	_is_let_in(key, i, subnet_id)
} else := _doubt(_unsure_out(key) | _unsure_in(i))

_fault(cause, target_ids) := {"cause": cause, "targets": target_ids, "waits": set()}

_doubt(waits) := {"cause": "", "targets": set(), "waits": waits}

# only Amazon EFS is asked, about file systems of our own account
_unread(arn, id) := facts.waits("mount_targets", id) if {
	[split(arn, ":")[2], split(arn, ":")[4]] == ["elasticfilesystem", input.account.id]
} else := {{"status": "opaque", "name": arn, "reason": "its mount targets are not read"}}

# by their places, the mount targets of an access point that a function in a subnet uses; Amazon EFS has one in a zone
_targets(id, subnet_id) := {i |
	some i, target in input.mount_targets
	target.access_point_id == id
	target.state == "available"
	target.zone_id == facts.subnets[subnet_id].zone_id
}

_out := {key: security_groups.let_through("egress", cohort.groups, cohort.vpc_id, _nfs) |
	some key in {key | some key in _mounting}
	cohort := cohorts.by_key[key]
}

_unsure_out(key) := union({
	_out[key].waits,
	security_groups.prefix_list_waits(_out[key].prefix_lists),
	union({waits | some waits in cohorts.by_key[key].hidden_groups}),
})

_is_let_out(key, i) if {
	some id in input.mount_targets[i].security_group_ids
	id in _out[key].groups
}

_is_let_out(key, i) if security_groups.covers(_out[key].cidrs, input.mount_targets[i].ip_address)

_in := {i: security_groups.let_through("ingress", ids, object.get(target, "vpc_id", ""), _nfs) |
	some i, target in input.mount_targets
	ids := {id | some id in target.security_group_ids}
}

_unsure_in(i) := union({
	_in[i].waits,
	security_groups.prefix_list_waits(_in[i].prefix_lists),
	{wait |
		some id in input.mount_targets[i].security_group_ids
		not facts.security_groups[id]
		some wait in facts.waits_within("security_groups", id, input.mount_targets[i].vpc_id)
	},
})

_is_let_in(key, i, _) if cohorts.by_key[key].named_groups & _in[i].groups != set()

_is_let_in(_, i, subnet_id) if security_groups.covers(_in[i].cidrs, facts.subnets[subnet_id].ipv4_cidr)

_nfs := 2049

_said(fault, groups) := {
	"not_let_out": sprintf("its security %s let TCP 2049 (NFS) out to %s", [
		result.word(groups, $"group {named} does not", $"groups {named} do not"),
		_whose(fault),
	]),
	"no_mount_target": sprintf("%s has no available mount target in %s, the %s of %s", [
		fault.access_point_id,
		result.zones(_zones([fault])),
		result.word(_zones([fault]), "zone", "zones"),
		result.all_named(fault.subnet_ids),
	]),
	"not_let_in": sprintf("%s %s no TCP 2049 (NFS) from %s", [
		_whose(fault),
		result.word(fault.mount_target_ids, "admits", "admit"),
		subnets,
	]),
}[fault.cause] if {
	named := result.all_named(groups)
	subnets := result.subnets(fault.subnet_ids)
}

_whose(fault) := $"a mount target of {fault.access_point_id}" if {
	fault.mount_target_ids == set()
} else := sprintf("%s %s of %s", [
	result.word(fault.mount_target_ids, "mount target", "mount targets"),
	result.list(fault.mount_target_ids),
	fault.access_point_id,
])

_zones(faults) := {facts.subnets[id].zone_id | some fault in faults; some id in fault.subnet_ids}

_advice("not_let_out", faults, groups) := sprintf("Give %s an egress rule for TCP 2049 to %s.", [
	result.word(groups, "this group", "one of these groups"),
	_at_target(faults),
])

_advice("not_let_in", faults, groups) := sprintf("Let %s admit TCP 2049 from %s.", [
	_at_target(faults),
	result.word(groups, result.all_named(groups), "a security group of the function"),
])

_advice("no_mount_target", faults, _) := sprintf("Create %s.", [result.list({text |
	some id in {fault.access_point_id | some fault in faults}
	zones := _zones([fault | some fault in faults; fault.access_point_id == id])
	place := result.zones(zones)
	text := result.word(zones, $"a mount target in {place} for {id}", $"mount targets in {place} for {id}")
})])

# a file system whose mount targets were not looked at, since nothing is let out, may have any
_at_target(faults) := result.all_named(ids) if {
	ids := _groups_of(union({_targets_of(fault) | some fault in faults}))
	ids != set()
} else := "the security group of the mount target"

_targets_of(fault) := fault.mount_target_ids if {
	fault.mount_target_ids != set()
} else := {target.id | some target in input.mount_targets; target.access_point_id == fault.access_point_id}

_groups_of(target_ids) := {id |
	some target in input.mount_targets
	target.id in target_ids
	some id in target.security_group_ids
}

# one group that lets out is enough, as is one of each mount target that admits; a mount target is its file system's
_root_causes(name) := {min(cohorts.by_key[_mounting[name]].groups)} if {
	_lacking(name) == {"out"}
} else := {system.access_point_id | some system in facts.attached[name].file_systems} if {
	_lacking(name) == {"target"}
} else := {id | id := min(intersection({_groups_of({input.mount_targets[i].id}) | some i in _lacking(name)}))} if {
	_lacking(name) & {"out", "target"} == set()
} else := set()

# all that must be repaired: "out" of the groups, a "target", and by their places the mount targets that admit nobody
_lacking(name) := union({_lacking_at(key, system, subnet_id) |
	key := _mounting[name]
	some system in facts.attached[name].file_systems
	some subnet_id in cohorts.by_key[key].subnets
})

_lacking_at(key, system, subnet_id) := ({"out" | _at[key][system.arn][subnet_id].cause == "not_let_out"} | {"target" |
	_waits_at(system, subnet_id) == set()
	_targets(system.access_point_id, subnet_id) == set()
}) | {i |
	_waits_at(system, subnet_id) == set()
	i := min(_targets(system.access_point_id, subnet_id))
	not _is_let_in(key, i, subnet_id)
	_unsure_in(i) == set()
}

_waits_at(system, subnet_id) := _unread(system.arn, system.access_point_id) | facts.waits_for_zones({subnet_id})
