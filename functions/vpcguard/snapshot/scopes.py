"""capture: one scope of one account and region, read now.

Function scope takes three round trips in a row: the function, its network, what that names; what hints and
names alone allow is read together with the function. VPC scope lists the functions first. Account scope uses
lists instead of single reads; network and roles wait for the last page of functions: what was made for one
while the pages went by would otherwise count as missing. Participants see neither NAT gateways nor endpoints
of a VPC that is shared with them: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from vpcguard.aws.accounts import READER
from vpcguard.aws.answers import InUse, Json, items, merge
from vpcguard.aws.codes import PARTIAL
from vpcguard.aws.operations import FILTER_VALUES, Call, VpcIds
from vpcguard.aws.reading import FAULTS, Aws, Progress, Reads, Threads, is_denied
from vpcguard.clock import Clock, rfc3339
from vpcguard.errors import ReadError, ThrottledError
from vpcguard.model import Answers, Failure, Scope, Snapshot
from vpcguard.resources import FAMILIES, OPERATIONS
from vpcguard.resources import function_details as details
from vpcguard.resources.account_roles import AccountRoles
from vpcguard.resources.functions import (
    GET_FUNCTION_CONFIGURATION,
    LATEST,
    LIST_FUNCTIONS,
    Functions,
    arns_of,
    attached,
    configuration_calls,
    functions_in,
    is_attached,
    read_function_pages,
    role_names,
)
from vpcguard.resources.interfaces import MOUNT_TARGET_GROUPS, MOUNT_TARGETS, collect_mount_targets
from vpcguard.resources.networks import SUBNETS, VPCS
from vpcguard.resources.roles import collect_roles

# those that can be narrowed down to VPCs first
_LISTS = sorted(
    (operation for family in FAMILIES for operation in family.lists), key=lambda one: one.vpc_filter is None
)
_ASSUME_ROLE = "sts:AssumeRole"

_OF_FILE_SYSTEMS = frozenset({MOUNT_TARGETS.key, MOUNT_TARGET_GROUPS.key})
# a call for each function or file system: read only where a rule that is on has it in its `reads`
ON_REQUEST = frozenset({details.GET_CONCURRENCY.key, GET_FUNCTION_CONFIGURATION.key, *_OF_FILE_SYSTEMS})


@dataclass(frozen=True, slots=True)
class Hints:
    """What events say about VPCs and roles: read early, and used only where the functions say the same."""

    vpc_ids: frozenset[str] = frozenset()
    role_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """Choices; the defaults read what the scope's rules need.

    states: where functions are listed, lambda:GetFunctionConfiguration of each, one call each in a bucket of
    15 a second, shared with the customer's deployments; else, where reads names it, only of functions in a
    subnet that is full or missing, and of those named in states_of: what was found about them rests on it.
    aliases: with the versions they serve, a call for each function and more; None: in function scope only.
    version: in function scope, how the functions stand in this version, with the network that it names.
    reads: what of ON_REQUEST rules need. marker, max_pages: account scope begins at this page and ends after.
    account: name, organization_unit and tags of the account, kept in the snapshot as they are.
    account_roles: those of the account, where several regions are captured one after the other.
    progress: called with "<service>:<Operation>" after each answer, from several threads. threads: calls at
    once; a client keeps accounts.POOL_CONNECTIONS connections. until: AWS is waited for until this moment of
    time.monotonic().
    raises: which reads that went wrong end the capture: ReadError, all but those that AWS refuses;
    ThrottledError, those that it kept throttling; None, none. All others become a Failure.
    """

    hints: Hints = field(default_factory=Hints)
    states: bool = False
    states_of: frozenset[str] = frozenset()
    aliases: bool | None = None
    version: str = LATEST
    reads: frozenset[str] = frozenset()
    marker: str | None = None
    max_pages: int | None = None
    account: Mapping[str, Any] | None = None
    account_roles: AccountRoles | None = None
    progress: Progress | None = None
    threads: int = 16
    until: float = math.inf
    raises: type[ReadError] | None = ThrottledError

    @property
    def not_requested(self) -> list[str]:
        """The operations that are left out on purpose, in every scope."""
        of_functions = {details.GET_CONCURRENCY.key, details.GET_INVOKE_CONFIG.key}
        skipped = sorted({*of_functions, *_OF_FILE_SYSTEMS} - self.reads)
        return skipped if self.aliases else [*skipped, details.LIST_ALIASES.key, details.LIST_VERSIONS.key]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of ListFunctions: the marker that it begins at (None: the first), and its functions."""

    marker: str | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Captured:
    """A snapshot, the marker to go on with where max_pages ended it, and in account scope its pages."""

    snapshot: Snapshot
    next_marker: str | None = None
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a scope's reads gave: our own answers, and those of the owners of shared VPCs."""

    own: Answers
    owners: Mapping[str, Answers] = field(default_factory=dict)
    not_requested: list[str] = field(default_factory=list)
    next_marker: str | None = None
    pages: tuple[Page, ...] = ()


_DEFAULTS = CaptureOptions()


def capture(scope: Scope, aws: Aws, *, clock: Clock, options: CaptureOptions = _DEFAULTS) -> Snapshot:
    """Read a scope and return what AWS answered, or would not.

    A read that goes wrong becomes a Failure in the snapshot, or is raised where options.raises says so:
    ThrottledError when throttling outlasts its retries, ReadError for the rest.
    """
    return capture_pages(scope, aws, clock=clock, options=options).snapshot


def capture_pages(scope: Scope, aws: Aws, *, clock: Clock, options: CaptureOptions = _DEFAULTS) -> Captured:
    """Read a scope as `capture` does, and return with it where to go on if options.max_pages ended it."""
    captured_at = rfc3339(clock())  # before the first read: nothing in the snapshot is older
    if options.aliases is None:
        options = replace(options, aliases=scope.kind == "function")
    if scope.kind == "function":
        options = replace(options, reads=options.reads | {details.GET_INVOKE_CONFIG.key})
    with Threads(options.threads, options.until) as threads:
        reads = Reads(aws, threads, progress=options.progress, raises=options.raises)
        read = _SCOPES[scope.kind](scope, reads, options)
    if options.account_roles is not None and options.account_roles.read_at is not None:
        captured_at = min(captured_at, options.account_roles.read_at)
    snapshot = Snapshot(
        account_id=scope.account_id,
        region=scope.region,
        captured_at=captured_at,
        own=read.own,
        owners=read.owners,
        not_requested=tuple(sorted(read.not_requested)),
        account=options.account,
        reader=READER,
    )
    return Captured(snapshot, read.next_marker, read.pages)


def _read_functions(scope: Scope, reads: Reads, options: CaptureOptions) -> _Read:
    """Read single functions; what hints name is read together with them, not after."""
    vpc_ids, names = options.hints.vpc_ids, options.hints.role_names
    network = reads.threads.begin(_read_lists, reads, vpc_ids) if vpc_ids else None
    roles = reads.threads.begin(collect_roles, reads, names, options.account_roles) if names else None
    _start_by_name(reads, scope, options)
    configurations = reads.run(configuration_calls(scope.function_names, options.version))
    found = _read_few(
        reads,
        functions_in(configurations),
        options,
        account_id=scope.account_id,
        hinted_network=network,
        hinted_roles=roles,
    )
    return replace(found, own=merge((configurations, found.own)))


def _read_vpc(scope: Scope, reads: Reads, options: CaptureOptions) -> _Read:
    """Read the functions of one VPC, which only the complete list of functions tells."""
    listed = _list_of_vpc(reads, str(scope.vpc_id))
    found = _read_few(reads, functions_in(listed), options, account_id=scope.account_id)
    return _with_states(reads, replace(found, own=merge((listed, found.own))), options)


def _read_account(scope: Scope, reads: Reads, options: CaptureOptions) -> _Read:
    """Read an account and region, or the pages of it that the options name."""
    begin = reads.threads.begin
    begin(_make_clients, reads)
    is_whole = options.marker is None and options.max_pages is None
    all_tags = begin(reads.run, [details.all_tags_call()]) if is_whole else None
    sources = begin(reads.run, [details.all_event_sources_call()])
    listed, pages, next_marker = _list_functions(reads, options)
    functions = functions_in(listed)
    in_vpc = attached(functions)

    chains = [all_tags or begin(reads.run, details.tag_calls(arns_of(functions)))]
    if options.aliases or details.GET_CONCURRENCY.key in options.reads:
        chains.append(begin(details.collect, reads, functions, aliases=options.aliases, asked=options.reads))
    network, owners = Answers(), dict[str, Answers]()
    if in_vpc:
        chains.append(begin(collect_roles, reads, role_names(functions), options.account_roles))
        if options.reads >= _OF_FILE_SYSTEMS and any("FileSystemConfigs" in one for one in in_vpc.values()):
            chains.append(begin(collect_mount_targets, reads, in_vpc))
        network, owners = _read_with_owners(
            reads, _read_lists(reads, None), in_vpc, account_id=scope.account_id, is_by_vpc=False
        )
    own = merge(
        (
            listed,
            *(chain.result() for chain in chains),
            details.only_of(sources.result(), sorted(functions)),
            network,
        )
    )
    found = _Read(own=own, owners=owners, not_requested=options.not_requested)
    return _with_states(reads, replace(found, next_marker=next_marker, pages=pages), options)


def _with_states(reads: Reads, found: _Read, options: CaptureOptions) -> _Read:
    """Return what was read of listed functions with their State, where that is worth a call for each."""
    functions = functions_in(found.own)
    if options.states:
        return replace(found, own=merge((found.own, reads.run(configuration_calls(functions)))))
    asked = options.states_of & functions.keys()
    if GET_FUNCTION_CONFIGURATION.key in options.reads:
        asked |= _in_bad_subnets(functions, (found.own, *found.owners.values()))
    left_out = [*found.not_requested, GET_FUNCTION_CONFIGURATION.key]  # of the others
    own = merge((found.own, reads.run(configuration_calls(asked)) if asked else Answers()))
    return replace(found, own=own, not_requested=left_out)


def _in_bad_subnets(functions: Functions, answers: Iterable[Answers]) -> set[str]:
    """Return the functions in a subnet that is full, or in none of the complete answers."""
    accounts = list(answers)
    subnets = [subnet for account in accounts for subnet in items(account, SUBNETS)]
    full = {one.get("SubnetId") for one in subnets if one.get("AvailableIpAddressCount") == 0}
    good = {one.get("SubnetId") for one in subnets} - full
    is_complete = not any(SUBNETS.key in account.failures for account in accounts)
    return {
        name
        for name, one in attached(functions).items()
        for subnet in one["VpcConfig"]["SubnetIds"]
        if subnet in full or (is_complete and subnet not in good)
    }


_SCOPES: Mapping[str, Callable[[Scope, Reads, CaptureOptions], _Read]] = {
    "function": _read_functions,
    "vpc": _read_vpc,
    "account": _read_account,
}


def _read_few(
    reads: Reads,
    functions: Functions,
    options: CaptureOptions,
    *,
    account_id: str,
    hinted_network: Future[Answers] | None = None,
    hinted_roles: Future[Answers] | None = None,
) -> _Read:
    """Read what a few functions rest on. What was begun on hints counts if those were right.

    Functions outside a VPC need neither network nor roles.
    """
    begin, hints = reads.threads.begin, options.hints
    in_vpc = attached(functions)
    chains = [
        begin(reads.run, details.tag_calls(arns_of(functions))),
        begin(details.collect_with_sources, reads, functions, aliases=options.aliases, asked=options.reads),
    ]
    if not in_vpc:
        own = merge(chain.result() for chain in chains)
        return _Read(own=own, not_requested=options.not_requested)
    names = role_names(functions)
    if hinted_roles is None or hints.role_names != names:
        hinted_roles = begin(collect_roles, reads, names, options.account_roles)
    chains.append(hinted_roles)
    if options.reads >= _OF_FILE_SYSTEMS and any("FileSystemConfigs" in one for one in in_vpc.values()):
        chains.append(begin(collect_mount_targets, reads, in_vpc))
    named = {one["VpcConfig"].get("VpcId") for one in in_vpc.values()}
    # all of them, where a function does not say which is its own
    vpc_ids = frozenset(named) if all(named) and len(named) <= FILTER_VALUES else None
    if hinted_network is None or hints.vpc_ids != vpc_ids:
        hinted_network = begin(_read_lists, reads, vpc_ids)
    network, owners = _read_with_owners(
        reads, hinted_network.result(), in_vpc, account_id=account_id, is_by_vpc=vpc_ids is not None
    )
    own = merge((*(chain.result() for chain in chains), network))
    return _Read(own=own, owners=owners, not_requested=options.not_requested)


def _start_by_name(reads: Reads, scope: Scope, options: CaptureOptions) -> None:
    """Start what a name alone is enough for. Not for many: some may be gone, and Lambda's bucket is small."""
    if len(scope.function_names) > details.FEW:
        return
    prefix = f"arn:{reads.aws.client('lambda').meta.partition}:lambda:{scope.region}:{scope.account_id}"
    for name in scope.function_names:
        for call in details.tag_calls({name: f"{prefix}:function:{name}"}):
            reads.start(call)
        if options.aliases:
            for call in details.alias_calls([name]):
                reads.start(call)


def _make_clients(reads: Reads) -> None:
    """Make the clients while the pages go by, where what fails fails again."""
    for client in dict.fromkeys(operation.client for operation in OPERATIONS.values()):
        reads.aws.client(client)


def _list_functions(reads: Reads, options: CaptureOptions) -> tuple[Answers, tuple[Page, ...], str | None]:
    """Return the functions, their pages, and where to go on; "Partial" where these are not all there are."""
    found: list[Answers] = []
    pages: list[Page] = []
    begin, next_marker = options.marker, None
    for page, marker in read_function_pages(reads, options.marker):
        found.append(page)
        pages.append(Page(begin, tuple(functions_in(page))))
        if marker is not None and len(pages) == options.max_pages:
            next_marker = marker
            break
        begin = marker
    if options.marker is None and next_marker is None:
        return merge(found), tuple(pages), None
    begun = "" if options.marker is None else "began after an earlier part; "
    ended = "these are the last" if next_marker is None else f"stopped after {len(pages)} pages"
    part = Answers({}, {LIST_FUNCTIONS.key: Failure(PARTIAL, begun + ended)})
    return merge((*found, part)), tuple(pages), next_marker


def _list_of_vpc(reads: Reads, vpc_id: str) -> Answers:
    """The functions of one VPC, marked as a part: nobody may conclude from it that others were deleted."""
    key = LIST_FUNCTIONS.key
    listed = merge(page for page, _ in read_function_pages(reads))
    if key not in listed.answers:
        return listed
    kept = [
        one
        for one in listed.answers[key]["Functions"]
        if is_attached(one) and one["VpcConfig"].get("VpcId") == vpc_id
    ]
    part = Failure(PARTIAL, f"only the functions of {vpc_id} were kept")
    return Answers({key: {"Functions": kept}}, {key: listed.failures.get(key, part)})


def _read_lists(reads: Reads, vpc_ids: VpcIds, *, of_owner: bool = False) -> Answers:
    """Read the VPCs and all that hangs on them, at once; in our own account Lambda's interfaces too."""
    asked = None if vpc_ids is None or len(vpc_ids) > FILTER_VALUES else vpc_ids
    calls = []
    for operation in _LISTS:
        filters = operation.of_vpcs(asked)
        calls.append(Call(operation, parameters={operation.filters: filters} if filters else {}))
    for family in FAMILIES:
        if family.own_calls is not None and not of_owner:
            calls += family.own_calls(asked)
    return reads.run(calls)


def _read_with_owners(
    reads: Reads, network: Answers, functions: Mapping[str, Json], *, account_id: str, is_by_vpc: bool
) -> tuple[Answers, dict[str, Answers]]:
    """Return the lists of a network with what they name and do not hold, and what other owners answered.

    functions: those of the scope that are attached. is_by_vpc: the lists were asked for by VPC, so what they
    lack may still be somewhere else: a group, for one, may belong to another VPC. Owners whom we may not ask
    stay out.
    """
    in_use = replace(_in_use(network, functions, is_by_vpc=is_by_vpc), account_id=account_id)
    owners = {
        owner: reads.threads.begin(_read_owner, reads, owner, frozenset(vpc_ids))
        for owner, vpc_ids in sorted(_other_owners(in_use, account_id).items())
    }
    named = _read_named(reads, in_use)
    answered = {owner: future.result() for owner, future in owners.items()}
    return merge((network, named)), {
        owner: answers for owner, answers in answered.items() if answers is not None
    }


def _in_use(network: Answers, functions: Mapping[str, Json], *, is_by_vpc: bool) -> InUse:
    """Return what functions use, with the VPCs that they name and those their subnets are in."""
    configurations = [one["VpcConfig"] for one in functions.values()]
    subnet_ids = frozenset(subnet for one in configurations for subnet in one["SubnetIds"])
    named = {one.get("VpcId") for one in configurations}
    of_subnets = {one.get("VpcId") for one in items(network, SUBNETS) if one.get("SubnetId") in subnet_ids}
    vpc_ids = frozenset(vpc_id for vpc_id in named | of_subnets if vpc_id)
    if not is_by_vpc:
        return InUse(network=network, vpc_ids=vpc_ids)
    group_ids = frozenset(group for one in configurations for group in one.get("SecurityGroupIds", []))
    return InUse(network=network, vpc_ids=vpc_ids, subnet_ids=subnet_ids, security_group_ids=group_ids)


def _read_named(reads: Reads, in_use: InUse) -> Answers:
    """Read what the lists name and do not hold."""
    return reads.run(
        [call for family in FAMILIES if family.named_calls for call in family.named_calls(in_use)]
    )


def _other_owners(in_use: InUse, account_id: str) -> dict[str, set[str]]:
    """Return the VPCs in use that other accounts own, by owner."""
    shared: dict[str, set[str]] = {}
    for operation in (VPCS, SUBNETS):
        for item in in_use.items(operation):
            owner = item.get("OwnerId")
            if owner and owner != account_id:
                shared.setdefault(owner, set()).add(item["VpcId"])
    return shared


def _read_owner(reads: Reads, owner: str, vpc_ids: frozenset[str]) -> Answers | None:
    """Return what an owner answered about its VPCs; None: nobody whom we may ask."""
    try:
        (aws,) = reads.threads.results([reads.threads.submit(reads.aws.owner, owner)])  # STS may hang too
    except FAULTS as error:
        if isinstance(error, ClientError) and is_denied(error):
            return None  # a role that does not exist and one that does not trust us answer alike
        failure = reads.failure_of(_ASSUME_ROLE, error)
        return Answers({}, {operation.key: failure for operation in _LISTS})
    if aws is None:
        return None
    own = reads.of_owner(aws)
    network = _read_lists(own, vpc_ids, of_owner=True)
    return merge((network, _read_named(own, InUse(network=network, vpc_ids=vpc_ids, account_id=owner))))
