"""What is read about a function beside its configuration: aliases, versions, event sources, concurrency.

Each with its coverage: a default for the kind, and entries for the functions that differ.
"""

from __future__ import annotations

from collections.abc import Sequence

from vpcguard.facts.account import Account
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.functions import GET, LATEST, LIST, network_of, service_of
from vpcguard.facts.reading import Json, each, integer, known, mapping, required_text, text

ALIASES = "lambda:ListAliases"
VERSIONS = "lambda:ListVersionsByFunction"
EVENT_SOURCES = "lambda:ListEventSourceMappings"
CONCURRENCY = "lambda:GetFunctionConcurrency"
_SELF_MANAGED = "kafka"  # the only source without an ARN is a Kafka cluster of one's own
# kind -> operation, and whether a complete answer without an entry for a function means that it has none
_COVERED = {
    "function_states": (GET, False),
    "function_aliases": (ALIASES, True),
    "function_versions": (VERSIONS, False),  # read only where an alias serves one
    "event_sources": (EVENT_SOURCES, True),
    "reserved_concurrency": (CONCURRENCY, True),
}


def add_details(own: Account, functions: Sequence[Json]) -> list[Json]:
    """Add to every function what was read about it; return the coverage of those facts."""
    sources = _sources_of_all(own)
    answered = {operation: set(own.subjects(operation)) for operation in (ALIASES, VERSIONS, CONCURRENCY)}
    for function in functions:
        name = function["name"]
        function["event_sources"] = _sources(own, function, sources)
        if name in answered[ALIASES]:
            function["aliases"] = own.entry(ALIASES, name, _aliases) or []
        if name in answered[VERSIONS]:
            function["versions"] = own.entry(VERSIONS, name, _versions) or []
        if name in answered[CONCURRENCY]:
            function.update(known({"reserved_concurrency": own.entry(CONCURRENCY, name, _reserved)}))
    coverage = [default_entry("functions", own.status(LIST))]
    names = {function["name"] for function in functions}
    for kind, (operation, is_asked_for_all) in _COVERED.items():
        default = own.entry_status(operation, is_asked_for_all=is_asked_for_all)
        statuses = {
            name: own.entry_status(operation, name, is_asked_for_all=is_asked_for_all)
            for name in names & own.named(operation)
        }
        coverage += [default_entry(kind, default), *subject_entries(kind, statuses, default=default)]
    return coverage


def _reserved(answer: Json) -> int | None:
    return integer(answer, "ReservedConcurrentExecutions")


def _aliases(answer: Json) -> list[Json]:
    aliases = each(answer, "Aliases", convert=_alias)
    return sorted(aliases, key=lambda alias: str(alias["name"]))


def _alias(item: Json) -> Json:
    weighted = mapping(item, "RoutingConfig", "AdditionalVersionWeights")
    return {
        "name": required_text(item, "Name"),
        "versions": sorted({required_text(item, "FunctionVersion"), *weighted}),
    }


def _versions(answer: Json) -> list[Json]:
    versions = each(answer, "Versions", convert=_version)
    return sorted((one for one in versions if one["version"] != LATEST), key=lambda one: str(one["version"]))


def _version(item: Json) -> Json:
    return {"version": required_text(item, "Version"), **network_of(item)}


def _sources_of_all(own: Account) -> dict[str, list[Json]] | None:
    """Return the event sources by function ARN where one call listed those of all functions."""
    if not isinstance(own.reads.answers.get(EVENT_SOURCES), dict):
        return None
    if not isinstance(own.reads.answers[EVENT_SOURCES].get("EventSourceMappings"), list):
        return None
    sources: dict[str, list[Json]] = {}
    for arn, source in own.documents(
        EVENT_SOURCES, "EventSourceMappings", lambda item: (text(item, "FunctionArn") or "", _source(item))
    ):
        sources.setdefault(":".join(arn.split(":")[:7]), []).append(source)
    return sources


def _sources(own: Account, function: Json, of_all: dict[str, list[Json]] | None) -> list[Json]:
    if of_all is not None:
        found = of_all.get(function["arn"], [])
    else:
        found = own.entry(EVENT_SOURCES, function["name"], _listed_sources) or []
    return sorted(found, key=lambda source: (source["service"], source.get("arn", "")))


def _listed_sources(answer: Json) -> list[Json]:
    return each(answer, "EventSourceMappings", convert=_source)


def _source(item: Json) -> Json:
    arn = text(item, "EventSourceArn")
    return known({"service": service_of(arn) or _SELF_MANAGED, "arn": arn, "state": text(item, "State")})
