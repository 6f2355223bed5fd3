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
    operations = (ALIASES, VERSIONS, CONCURRENCY, EVENT_SOURCES)
    answered = {operation: set(own.subjects(operation)) for operation in operations}
    for function in functions:
        name = function["name"]
        if name in answered[EVENT_SOURCES]:
            function["event_sources"] = own.entry(EVENT_SOURCES, name, _sources) or []
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


def _sources(answer: Json) -> list[Json]:
    sources = each(answer, "EventSourceMappings", convert=_source)
    return sorted(sources, key=lambda source: (source["service"], source.get("arn", "")))


def _source(item: Json) -> Json:
    arn = text(item, "EventSourceArn")
    return known({"service": service_of(arn) or _SELF_MANAGED, "arn": arn, "state": text(item, "State")})
