"""The plans for single functions and for the functions of one VPC."""

from __future__ import annotations

from dataclasses import replace

from vpcguard.model import Answers, Failure, Scope
from vpcguard.snapshot.collectors import function_details, functions, tags
from vpcguard.snapshot.merging import PARTIAL, merge
from vpcguard.snapshot.network_plan import describe_networks
from vpcguard.snapshot.options import CaptureOptions, Plan
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.surroundings import Begun, Functions, read_roles, read_surroundings


def read_function_scope(scope: Scope, reads: Reads, options: CaptureOptions) -> Plan:
    """Read single functions; what hints name is read beside them, not after."""
    network, role_reads = _begin_hinted(reads, options)
    aliases = options.aliases is not False
    _begin_by_name(reads, scope, aliases=aliases)
    configurations = functions.collect_configurations(reads, scope.function_names)
    around = read_surroundings(
        reads,
        _configured(configurations),
        options,
        account_id=scope.account_id,
        aliases=aliases,
        network=network,
        role_reads=role_reads,
    )
    return replace(
        around,
        own=merge((configurations, around.own)),
        not_requested=left_out(options, aliases=aliases),
    )


def read_vpc_scope(scope: Scope, reads: Reads, options: CaptureOptions) -> Plan:
    """Read the functions of one VPC, which only the complete list of functions tells."""
    vpc_id = str(scope.vpc_id)
    listed = _list_of_vpc(reads, vpc_id)
    known = functions_of(listed)
    configurations = functions.collect_configurations(reads, known)
    aliases = options.aliases is True
    around = read_surroundings(
        reads,
        {**known, **_configured(configurations)},
        options,
        account_id=scope.account_id,
        aliases=aliases,
    )
    return replace(
        around,
        own=merge((listed, configurations, around.own)),
        not_requested=left_out(options, aliases=aliases),
    )


def left_out(options: CaptureOptions, *, aliases: bool) -> tuple[str, ...]:
    """Return the operations that were not asked for on purpose."""
    skipped = [] if options.concurrency else [function_details.GET_CONCURRENCY.key]
    if not aliases:
        skipped += [function_details.LIST_ALIASES.key, function_details.LIST_VERSIONS.key]
    return tuple(skipped)


def functions_of(listed: Answers) -> Functions:
    """Return the functions of a ListFunctions answer by name."""
    answer = listed.answers.get(functions.LIST_FUNCTIONS.key, {})
    return {each["FunctionName"]: each for each in answer.get("Functions", [])}


def _configured(configurations: Answers) -> Functions:
    found: Functions = configurations.answers.get(functions.GET_FUNCTION_CONFIGURATION.key, {})
    return found


def _begin_hinted(reads: Reads, options: CaptureOptions) -> tuple[Begun | None, Begun | None]:
    vpc_ids, names = options.hints.vpc_ids, options.hints.role_names
    network = (vpc_ids, reads.threads.begin(describe_networks, reads, vpc_ids)) if vpc_ids else None
    role_reads = (names, reads.threads.begin(read_roles, reads, names, options)) if names else None
    return network, role_reads


def _begin_by_name(reads: Reads, scope: Scope, *, aliases: bool) -> None:
    """Begin what a name alone is enough for. Not for many: some may be gone, and Lambda's bucket is small."""
    if len(scope.function_names) > min(tags.FEW, function_details.FEW):
        return
    partition = reads.aws.client("lambda").meta.partition
    for name in scope.function_names:
        arn = f"arn:{partition}:lambda:{scope.region}:{scope.account_id}:function:{name}"
        reads.ahead(tags.LIST_TAGS, name, Resource=arn)
        if aliases:
            reads.ahead(function_details.LIST_ALIASES, name, FunctionName=name)


def _list_of_vpc(reads: Reads, vpc_id: str) -> Answers:
    """The functions of one VPC, marked as a part: nobody may conclude from it that others were deleted."""
    key = functions.LIST_FUNCTIONS.key
    listed = merge(page for page, _ in functions.read_function_pages(reads))
    if key not in listed.answers:
        return listed
    kept = [
        each
        for each in listed.answers[key]["Functions"]
        if functions.is_attached(each) and each["VpcConfig"].get("VpcId") == vpc_id
    ]
    part = Failure(PARTIAL, f"only the functions of {vpc_id} were kept")
    return Answers({key: {"Functions": kept}}, {key: listed.failures.get(key, part)})
