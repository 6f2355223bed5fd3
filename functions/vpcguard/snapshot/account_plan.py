"""The plan for a whole account and region: lists instead of single reads, everything beside the slowest list.

Lambda lists 50 functions a call, one call after the other. The network is asked for as soon as a page shows
an attached function, all roles as soon as they are too many to ask one by one.
"""

from __future__ import annotations

from concurrent.futures import Future

from vpcguard.model.scope import Scope
from vpcguard.model.snapshot import Answers, Failure
from vpcguard.snapshot.collectors import all_roles, function_details, functions, tags
from vpcguard.snapshot.function_plan import functions_of, left_out
from vpcguard.snapshot.merging import PARTIAL, merge
from vpcguard.snapshot.named_plan import read_named
from vpcguard.snapshot.network_plan import describe_networks
from vpcguard.snapshot.options import CaptureOptions, Plan
from vpcguard.snapshot.owners import begin_owners, finish_owners
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.surroundings import Functions, attached, read_roles, role_names, wanted_by


def read_account_scope(scope: Scope, reads: Reads, options: CaptureOptions) -> Plan:
    """Read an account and region, or the pages of it that the options name."""
    begin = reads.threads.begin
    is_whole = options.marker is None and options.max_pages is None
    by_list = begin(reads.gather, list(tags.all_tag_reads(reads))) if is_whole else None
    sources = begin(reads.gather, list(function_details.all_event_source_reads(reads)))
    listing = _Listing(reads, options)
    listed = listing.read()
    known = functions_of(listed)
    in_vpc = attached(known)

    aliases = options.aliases is True
    chains = [by_list or begin(reads.gather, list(tags.tag_reads(reads, _arns(known))))]
    if options.states:
        chains.append(begin(functions.collect_configurations, reads, known))
    if aliases or options.concurrency:
        chains.append(begin(_read_each, reads, known, options))
    around = Plan(own=Answers())
    if in_vpc:
        chains.append(begin(listing.roles, role_names(known)))
        around = _read_network(reads, listing, known, scope.account_id)
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
        next_marker=listing.next_marker,
    )


class _Listing:
    """Pages through the functions and starts, on the way, what the pages so far call for."""

    def __init__(self, reads: Reads, options: CaptureOptions) -> None:
        self._reads = reads
        self._options = options
        self._all_roles: Future[Answers] | None = None
        self.network: Future[Answers] | None = None
        self.next_marker: str | None = None

    def read(self) -> Answers:
        """Return the functions; with failure "Partial" where they are not all of the account's."""
        pages: list[Answers] = []
        names: frozenset[str] = frozenset()
        for page, marker in functions.read_function_pages(self._reads, self._options.marker):
            pages.append(page)
            known = functions_of(page)
            names |= role_names(known)
            self._start(names, is_network_needed=bool(attached(known)))
            if marker is not None and len(pages) == self._options.max_pages:
                self.next_marker = marker
                break
        return merge((*pages, self._part(len(pages))))

    def roles(self, names: frozenset[str]) -> Answers:
        """Return the roles of these names, by the way that was chosen while listing."""
        if self._all_roles is not None:
            return all_roles.only_roles(self._all_roles.result(), names)
        return read_roles(self._reads, names, self._options)

    def _start(self, names: frozenset[str], *, is_network_needed: bool) -> None:
        begin = self._reads.threads.begin
        if self.network is None and is_network_needed:
            self.network = begin(describe_networks, self._reads, None)
        if self.network is None or self._all_roles is not None or self._options.account_roles is not None:
            return
        if len(names) > all_roles.FEW:
            self._all_roles = begin(all_roles.collect_all_roles, self._reads)

    def _part(self, pages: int) -> Answers:
        if self._options.marker is None and self.next_marker is None:
            return Answers()
        begun = "" if self._options.marker is None else "began after an earlier part; "
        ended = "these are the last" if self.next_marker is None else f"stopped after {pages} pages"
        return Answers({}, {functions.LIST_FUNCTIONS.key: Failure(PARTIAL, begun + ended)})


def _read_network(reads: Reads, listing: _Listing, known: Functions, account_id: str) -> Plan:
    assert listing.network is not None  # noqa: S101  begun by the page that held the first attached function
    network = listing.network.result()
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


def _arns(known: Functions) -> dict[str, str]:
    return {name: each["FunctionArn"] for name, each in known.items() if each.get("FunctionArn")}
