"""The plan for a whole account and region: lists instead of single reads.

Lambda lists 50 functions a call, one call after the other; tags and event sources are listed meanwhile.
Network and roles wait for the last page: a subnet or role made for a function while the pages went by
would otherwise be in no answer, and count as missing.
"""

from __future__ import annotations

from vpcguard.model import Answers, Failure, Scope
from vpcguard.snapshot.collectors import function_details, functions, tags
from vpcguard.snapshot.function_plan import functions_of, left_out
from vpcguard.snapshot.merging import PARTIAL, merge
from vpcguard.snapshot.named_plan import read_named
from vpcguard.snapshot.network_plan import describe_networks
from vpcguard.snapshot.options import CaptureOptions, Plan
from vpcguard.snapshot.owners import begin_owners, finish_owners
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.surroundings import Functions, arns_of, attached, read_roles, role_names, wanted_by


def read_account_scope(scope: Scope, reads: Reads, options: CaptureOptions) -> Plan:
    """Read an account and region, or the pages of it that the options name."""
    begin = reads.threads.begin
    begin(_make_clients, reads)
    is_whole = options.marker is None and options.max_pages is None
    by_list = begin(reads.gather, list(tags.all_tag_reads(reads))) if is_whole else None
    sources = begin(reads.gather, list(function_details.all_event_source_reads(reads)))
    listed, next_marker = _list_functions(reads, options)
    known = functions_of(listed)
    in_vpc = attached(known)

    aliases = options.aliases is True
    chains = [by_list or begin(reads.gather, list(tags.tag_reads(reads, arns_of(known))))]
    if options.states:
        chains.append(begin(functions.collect_configurations, reads, known))
    if aliases or options.concurrency:
        chains.append(begin(_read_each, reads, known, options))
    around = Plan(own=Answers())
    if in_vpc:
        chains.append(begin(read_roles, reads, role_names(known), options))
        around = _read_network(reads, known, scope.account_id)
    skipped = left_out(options, aliases=aliases)
    return Plan(
        own=merge(
            (
                listed,
                *(chain.result() for chain in chains),
                function_details.only_functions(sources.result(), sorted(in_vpc)),
                around.own,
            )
        ),
        owners=around.owners,
        not_requested=skipped if options.states else (functions.GET_FUNCTION_CONFIGURATION.key, *skipped),
        next_marker=next_marker,
    )


def _make_clients(reads: Reads) -> None:
    """Make the clients while the pages go by, in the order of their use, where what fails fails again."""
    for service in ("lambda", "resourcegroupstaggingapi", "ec2", "iam", "service-quotas"):
        reads.aws.client(service)


def _list_functions(reads: Reads, options: CaptureOptions) -> tuple[Answers, str | None]:
    """Return the functions, with failure "Partial" where they are not all there are, and where to go on."""
    pages: list[Answers] = []
    next_marker = None
    for page, marker in functions.read_function_pages(reads, options.marker):
        pages.append(page)
        if marker is not None and len(pages) == options.max_pages:
            next_marker = marker
            break
    if options.marker is None and next_marker is None:
        return merge(pages), None
    begun = "" if options.marker is None else "began after an earlier part; "
    ended = "these are the last" if next_marker is None else f"stopped after {len(pages)} pages"
    part = Answers({}, {functions.LIST_FUNCTIONS.key: Failure(PARTIAL, begun + ended)})
    return merge((*pages, part)), next_marker


def _read_network(reads: Reads, known: Functions, account_id: str) -> Plan:
    network = describe_networks(reads, None)
    wanted = wanted_by(known, network, is_by_vpc=False)
    owners = begin_owners(reads, network, account_id=account_id, wanted=wanted)
    named = read_named(reads, network, wanted)
    return Plan(own=merge((network, named)), owners=finish_owners(owners))


def _read_each(reads: Reads, known: Functions, options: CaptureOptions) -> Answers:
    """What takes a call for each function, and only because it was asked for."""
    details = (
        [*function_details.concurrency_reads(reads, sorted(attached(known)))] if options.concurrency else []
    )
    if options.aliases:
        details += function_details.alias_reads(reads, sorted(known))
    first = reads.gather(details)
    return merge((first, reads.gather(function_details.served_version_reads(reads, first))))
