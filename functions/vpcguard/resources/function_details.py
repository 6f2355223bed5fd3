"""What belongs to a function beside its configuration: tags, aliases, event sources, destinations ...

Each with its coverage: a default for the kind, and entries for the functions that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from vpcguard.aws.answers import Account, Estate, Json, each, known, merge, required_text, text, value
from vpcguard.aws.operations import NUMBER, TEXT, WHOLE, Call, Each, Operation, texts
from vpcguard.coverage import (
    KNOWN,
    Coverage,
    FactsByKind,
    Family,
    contradictory,
    entries,
    of_entry,
    of_list,
    worst,
)
from vpcguard.model import Answers
from vpcguard.resources.functions import (
    GET_FUNCTION_CONFIGURATION,
    LATEST,
    VPC_CONFIG,
    Functions,
    attached,
    network_of,
    service_of,
)

if TYPE_CHECKING:  # judging a stored snapshot needs no AWS client
    from vpcguard.aws.reading import Reads

LIST_TAGS = Operation(service="lambda", name="ListTags", shape={"Tags": Each(TEXT)}, keys=1)
GET_RESOURCES = Operation(
    service="tag",
    name="GetResources",
    shape={"ResourceTagMappingList": [{"ResourceARN": TEXT, "Tags": [texts("Key Value")]}]},
    paged=True,
    page_size=100,
)
# a list of ARNs excludes everything about pages
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
_GET_BY_ARN = replace(GET_RESOURCES, paged=False, page_size=None)
LIST_ALIASES = Operation(
    service="lambda",
    name="ListAliases",
    shape={
        "Aliases": [
            texts("AliasArn Name FunctionVersion")
            | {"RoutingConfig": {"AdditionalVersionWeights": Each(NUMBER)}}
        ]
    },
    keys=1,
    paged=True,
)
LIST_VERSIONS = Operation(
    service="lambda",
    name="ListVersionsByFunction",
    shape={"Versions": [texts("FunctionName FunctionArn Version LastModified") | {"VpcConfig": VPC_CONFIG}]},
    keys=1,
    paged=True,
)
LIST_EVENT_SOURCES = Operation(
    service="lambda",
    name="ListEventSourceMappings",
    shape={
        "EventSourceMappings": [
            texts("UUID EventSourceArn FunctionArn State LastProcessingResult")
            # brokers of a Kafka cluster of one's own, which has no ARN
            | {"SelfManagedEventSource": {"Endpoints": Each([TEXT])}}
            | {"DestinationConfig": {"OnFailure": texts("Destination")}}
        ]
    },
    keys=1,
    paged=True,
)
GET_CONCURRENCY = Operation(
    service="lambda", name="GetFunctionConcurrency", shape={"ReservedConcurrentExecutions": WHOLE}, keys=1
)
# where Lambda sends what comes of asynchronous invocations, which takes permissions of the function's role
# https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html
GET_INVOKE_CONFIG = Operation(
    service="lambda",
    name="GetFunctionEventInvokeConfig",
    shape={"DestinationConfig": {"OnSuccess": texts("Destination"), "OnFailure": texts("Destination")}},
    keys=1,
)

# ListTags shows a tag at once, GetResources after a while, and an event may be about the tag; but every
# ListTags, and every list of one function's event sources, is a call out of Lambda's small bucket.
FEW = 5
_ARNS_A_CALL = 100
_MAPPINGS = "EventSourceMappings"
_SELF_MANAGED = "kafka"  # the only source without an ARN is a Kafka cluster of one's own
_TAG_PREFIX = "vpcguard:"
_OWNER = "owner"
# kind -> operation, and whether a complete answer without an entry for a function means that it has none
_KINDS: Mapping[str, tuple[Operation, bool]] = {
    "function_states": (GET_FUNCTION_CONFIGURATION, False),
    "function_aliases": (LIST_ALIASES, True),
    "function_versions": (LIST_VERSIONS, False),  # read only where an alias serves one
    "event_sources": (LIST_EVENT_SOURCES, True),
    "event_destinations": (GET_INVOKE_CONFIG, True),
    "reserved_concurrency": (GET_CONCURRENCY, True),
}


def tag_calls(arns: Mapping[str, str]) -> Iterator[Call]:
    """Yield the reads of the tags of single functions; arns: function name -> unqualified ARN."""
    if len(arns) <= FEW:
        for name, arn in arns.items():
            yield Call(LIST_TAGS, (name,), {"Resource": arn})
        return
    every = sorted(arns.values())
    for start in range(0, len(every), _ARNS_A_CALL):
        yield Call(_GET_BY_ARN, parameters={"ResourceARNList": every[start : start + _ARNS_A_CALL]})


def all_tags_call() -> Call:
    """Return the read of the tags of all functions of the account and region, one call per hundred."""
    return Call(GET_RESOURCES, parameters={"ResourceTypeFilters": ["lambda:function"]})


def alias_calls(names: Iterable[str]) -> Iterator[Call]:
    """Yield the reads of every alias of single functions."""
    for name in names:
        yield Call(LIST_ALIASES, (name,), {"FunctionName": name})


def served_version_calls(aliases: Answers) -> Iterator[Call]:
    """Yield the reads of the versions of functions whose aliases serve another one than $LATEST."""
    for name, answer in aliases.answers.get(LIST_ALIASES.key, {}).items():
        if any(version != LATEST for alias in answer["Aliases"] for version in _served(alias)):
            yield Call(LIST_VERSIONS, (name,), {"FunctionName": name})


def event_source_calls(names: Iterable[str], aliases: Answers) -> Iterator[Call]:
    """Yield the reads of the event sources of single functions and of their aliases.

    Asked by function name, Lambda answers for the unqualified function; what is mapped to an alias
    is asked for by the alias's ARN.
    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    known_aliases = aliases.answers.get(LIST_ALIASES.key, {})
    for name in names:
        yield Call(LIST_EVENT_SOURCES, (name,), {"FunctionName": name})
        for alias in known_aliases.get(name, {}).get("Aliases", []):
            if arn := alias.get("AliasArn"):
                yield Call(LIST_EVENT_SOURCES, (name,), {"FunctionName": arn})


def all_event_sources_call() -> Call:
    """Return the read of all event sources, one call per hundred; only_of brings them to functions."""
    return Call(LIST_EVENT_SOURCES)


def only_of(answers: Answers, names: Iterable[str]) -> Answers:
    """Return the answers with all event sources by function, those named only, also those that have none."""
    listed = answers.answers.get(LIST_EVENT_SOURCES.key)
    if listed is None:
        return answers
    by_name: dict[str, list[Any]] = {name: [] for name in names}
    for mapping in listed[_MAPPINGS]:
        name = _function_name(mapping.get("FunctionArn", ""))
        if name in by_name:
            by_name[name].append(mapping)
    kept = {name: {_MAPPINGS: mappings} for name, mappings in by_name.items()}
    return Answers({**answers.answers, LIST_EVENT_SOURCES.key: kept}, answers.failures)


def without_repeats(answers: Answers) -> Answers:
    """Return the answers with each event source once, should Lambda show it for function and alias alike."""
    by_name = answers.answers.get(LIST_EVENT_SOURCES.key)
    if by_name is None:
        return answers
    unique = {
        name: {
            _MAPPINGS: list(
                {mapping.get("UUID", repr(mapping)): mapping for mapping in answer[_MAPPINGS]}.values()
            )
        }
        for name, answer in by_name.items()
    }
    return Answers({**answers.answers, LIST_EVENT_SOURCES.key: unique}, answers.failures)


def collect(reads: Reads, functions: Functions, *, aliases: bool | None, asked: Collection[str]) -> Answers:
    """Read what takes a call for each function: aliases with their versions, and the operations asked for."""
    first = _collect_first(reads, functions, aliases=aliases, asked=asked)
    return merge((first, reads.run(served_version_calls(first))))


def collect_with_sources(
    reads: Reads, functions: Functions, *, aliases: bool | None, asked: Collection[str]
) -> Answers:
    """Read the same, and event sources: by function and alias for a few, else the account's list.

    Also of functions outside a VPC: the poller of a source works in the network of the source.
    """
    names = sorted(functions)
    first = _collect_first(reads, functions, aliases=aliases, asked=asked)
    calls = [*served_version_calls(first)]
    if GET_INVOKE_CONFIG.key in asked:
        in_vpc = sorted(attached(functions))
        calls += [Call(GET_INVOKE_CONFIG, (name,), {"FunctionName": name}) for name in in_vpc]
    if aliases and len(names) <= FEW and LIST_ALIASES.key not in first.failures:
        return without_repeats(merge((first, reads.run([*calls, *event_source_calls(names, first)]))))
    every = [all_event_sources_call()] if names else []
    second = reads.run([*calls, *every])
    return merge((first, only_of(second, names)))


def _collect_first(
    reads: Reads, functions: Functions, *, aliases: bool | None, asked: Collection[str]
) -> Answers:
    calls: list[Call] = []
    if GET_CONCURRENCY.key in asked:  # an empty answer means that none is reserved
        in_vpc = sorted(attached(functions))
        calls += [Call(GET_CONCURRENCY, (name,), {"FunctionName": name}) for name in in_vpc]
    if aliases:
        calls += alias_calls(sorted(functions))
    return reads.run(calls)


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add to every function what was read about it."""
    functions = facts["functions"]
    converted: tuple[tuple[str, Operation, Callable[[Json], Any]], ...] = (
        ("event_sources", LIST_EVENT_SOURCES, partial(_sorted, key=_MAPPINGS, convert=_source, by=_by_arn)),
        ("aliases", LIST_ALIASES, partial(_sorted, key="Aliases", convert=_alias, by=itemgetter("name"))),
        ("versions", LIST_VERSIONS, _versions),
        ("destination_services", GET_INVOKE_CONFIG, _destinations),
        ("reserved_concurrency", GET_CONCURRENCY, lambda answer: answer.get("ReservedConcurrentExecutions")),
    )
    for field, operation, convert in converted:
        for name in functions.keys() & estate.own.answer(operation).keys():
            functions[name] |= known({field: estate.own.entry(operation, name, convert)})
    covered: list[Json] = []
    for kind, (operation, is_asked_for_all) in _KINDS.items():
        default = of_entry(estate.own, operation, is_asked_for_all=is_asked_for_all)
        was_untold = default.is_failed_read and not estate.own.has_tried(operation)
        is_older = was_untold and not estate.own.names_reader
        if operation is GET_INVOKE_CONFIG and is_older and estate.own.has_tried(LIST_EVENT_SOURCES):
            default = KNOWN  # files of the time before this read are judged as they were then
        coverage = {
            name: of_entry(estate.own, operation, name, is_asked_for_all=is_asked_for_all)
            for name in functions.keys() & estate.own.named(operation)
        }
        if operation is LIST_EVENT_SOURCES and is_older:
            # files of the time before snapshots named their reader hold those of attached functions alone
            outside = Coverage("not_requested", (operation.key,), f"{operation.key} was left out on purpose")
            coverage |= {name: outside for name, one in functions.items() if not one["subnet_ids"]}
        covered += entries(kind, coverage, default=default)
    return covered + _add_tags(estate.own, functions.values())


FAMILY = Family(
    operations=(
        LIST_TAGS,
        GET_RESOURCES,
        LIST_ALIASES,
        LIST_VERSIONS,
        LIST_EVENT_SOURCES,
        GET_INVOKE_CONFIG,
        GET_CONCURRENCY,
    ),
    add_facts=add_facts,
)


def _served(alias: Json) -> list[str]:
    weighted = value(alias, "RoutingConfig", "AdditionalVersionWeights") or {}
    return [alias.get("FunctionVersion", LATEST), *weighted]


def _function_name(arn: str) -> str:
    parts = arn.split(":")  # arn:aws:lambda:region:account:function:name[:qualifier]
    return parts[6] if len(parts) > 6 else ""  # noqa: PLR2004  the seventh part of a function ARN


def _sorted(
    answer: Json, *, key: str, convert: Callable[[Json], Json], by: Callable[[Json], Any]
) -> list[Json]:
    return sorted(each(answer, key, convert), key=by)


def _alias(item: Json) -> Json:
    weighted = value(item, "RoutingConfig", "AdditionalVersionWeights") or {}
    return {
        "name": required_text(item, "Name"),
        "versions": sorted({required_text(item, "FunctionVersion"), *weighted}),
    }


def _versions(answer: Json) -> list[Json]:
    versions = each(answer, "Versions", _version)
    return sorted((one for one in versions if one["version"] != LATEST), key=lambda one: str(one["version"]))


def _version(item: Json) -> Json:
    return {"version": required_text(item, "Version"), **network_of(item)}


def _by_arn(source: Json) -> tuple[str, str, str]:
    return source["service"], source.get("arn", ""), repr(source)


def _source(item: Json) -> Json:
    arn = text(item, "EventSourceArn")
    return known(
        {
            "service": service_of(arn) or _SELF_MANAGED,
            "arn": arn,
            "id": text(item, "UUID"),
            "state": text(item, "State"),
            "last_processing_result": text(item, "LastProcessingResult"),
            "destination_service": service_of(text(item, "DestinationConfig", "OnFailure", "Destination")),
        }
    )


def _destinations(answer: Json) -> list[str]:
    arns = [text(answer, "DestinationConfig", when, "Destination") for when in ("OnSuccess", "OnFailure")]
    return sorted({service for arn in arns if (service := service_of(arn))})


def _add_tags(own: Account, functions: Collection[Json]) -> list[Json]:
    """Add what declares intent, the owner, and the tags asked for; no other tag leaves the answers.

    Either tag:GetResources or lambda:ListTags is enough. GetResources answers about every tagged
    function, so a function that a complete answer lacks has no tags:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    tagged = own.documents(GET_RESOURCES, partial(_tags_by_arn, keys=own.tag_keys))
    by_arn = dict(tagged)
    torn = {arn for arn, tags in tagged if by_arn[arn] != tags}
    listed, named = own.answer(LIST_TAGS), own.named(LIST_TAGS)
    coverage = {}
    for function in functions:
        name, arn = function["name"], function["arn"]
        function["tags"] = by_arn.get(arn, [])
        if name in listed:
            function["tags"] = _kept(listed[name].get("Tags", {}).items(), own.tag_keys)
        elif arn in torn:
            function["tags"], coverage[name] = [], contradictory(arn)
            continue
        if arn in by_arn:
            coverage[name] = KNOWN
        elif name in named:
            coverage[name] = _of_tags(own, name)
    return entries("function_tags", coverage, default=_of_tags(own, None))


def _of_tags(own: Account, name: str | None) -> Coverage:
    either = (of_list(own, GET_RESOURCES), of_entry(own, LIST_TAGS, name, is_asked_for_all=True))
    if KNOWN in either:
        return KNOWN
    return worst(*either)  # silence only where both were left out on purpose


def _tags_by_arn(item: Json, *, keys: frozenset[str]) -> tuple[str, list[Json]]:
    tags = each(item, "Tags", lambda tag: (required_text(tag, "Key"), tag.get("Value", "")))
    return required_text(item, "ResourceARN"), _kept(tags, keys)


def _kept(tags: Iterable[tuple[str, str]], keys: frozenset[str]) -> list[Json]:
    """Return our own tags, the owner, and those with these keys, each once.

    Keys are in lower case: to people Owner and OWNER are one tag.

    Of several that say something the last by code points counts, which is the one in lower case.
    """
    kept: dict[str, str] = {}
    for written, said in sorted(tags):
        key = written.lower()
        is_asked_for = key == _OWNER or key.startswith(_TAG_PREFIX) or key in keys
        if is_asked_for and (said or key not in kept):
            kept[key] = said
    return [{"key": key, "value": said} for key, said in sorted(kept.items())]
