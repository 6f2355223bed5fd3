"""What belongs to a function and is asked for by its name: aliases, versions, event sources, concurrency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.collectors.functions import VPC_CONFIG
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reading, Reads
from vpcguard.snapshot.shapes import NUMBER, TEXT, WHOLE, Each, texts
from vpcguard.snapshot.threads import Task

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
            texts("UUID EventSourceArn FunctionArn State")
            # brokers of a Kafka cluster of one's own, which has no ARN
            | {"SelfManagedEventSource": {"Endpoints": Each([TEXT])}}
        ]
    },
    keys=1,
    paged=True,
)
GET_CONCURRENCY = Operation(
    service="lambda", name="GetFunctionConcurrency", shape={"ReservedConcurrentExecutions": WHOLE}, keys=1
)
ACTIONS = tuple(
    operation.key for operation in (LIST_ALIASES, LIST_VERSIONS, LIST_EVENT_SOURCES, GET_CONCURRENCY)
)
FEW = 5  # functions whose event sources are asked for one by one rather than with the whole account's
_LATEST = "$LATEST"
_MAPPINGS = "EventSourceMappings"


def alias_reads(reads: Reads, names: Iterable[str]) -> Iterator[Task]:
    """Yield the reads of every alias of single functions."""
    for name in names:
        yield reads.each(LIST_ALIASES, name, FunctionName=name)


def served_version_reads(reads: Reads, aliases: Answers) -> Iterator[Task]:
    """Yield the reads of the versions of functions whose aliases serve another one than $LATEST."""
    for name, answer in aliases.answers.get(LIST_ALIASES.key, {}).items():
        if any(version != _LATEST for alias in answer["Aliases"] for version in _served(alias)):
            yield reads.each(LIST_VERSIONS, name, FunctionName=name)


def event_source_reads(reads: Reads, names: Iterable[str], aliases: Answers) -> Iterator[Task]:
    """Yield the reads of the event sources of single functions and of their aliases.

    Asked by function name, Lambda answers for the unqualified function; what is mapped to an alias
    is asked for by the alias's ARN.
    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    known = aliases.answers.get(LIST_ALIASES.key, {})
    for name in names:
        yield reads.each(LIST_EVENT_SOURCES, name, FunctionName=name)
        for alias in known.get(name, {}).get("Aliases", []):
            yield reads.each(LIST_EVENT_SOURCES, name, FunctionName=alias["AliasArn"])


def all_event_source_reads(reads: Reads) -> Iterator[Task]:
    """Yield the read of all event sources of the account and region, one call per hundred."""
    yield lambda: _by_function(reads.read(LIST_EVENT_SOURCES, {}))


def only_functions(answers: Answers, names: Iterable[str]) -> Answers:
    """Return the answers with the event sources of the named functions only, also of those that have none."""
    by_name = answers.answers.get(LIST_EVENT_SOURCES.key)
    if by_name is None:
        return answers
    kept = {name: by_name.get(name, {_MAPPINGS: []}) for name in names}
    return Answers({**answers.answers, LIST_EVENT_SOURCES.key: kept}, answers.failures)


def without_repeats(answers: Answers) -> Answers:
    """Return the answers with each event source once, should Lambda show it for function and alias alike."""
    by_name = answers.answers.get(LIST_EVENT_SOURCES.key)
    if by_name is None:
        return answers
    unique = {
        name: {_MAPPINGS: list({mapping.get("UUID"): mapping for mapping in answer[_MAPPINGS]}.values())}
        for name, answer in by_name.items()
    }
    return Answers({**answers.answers, LIST_EVENT_SOURCES.key: unique}, answers.failures)


def concurrency_reads(reads: Reads, names: Iterable[str]) -> Iterator[Task]:
    """Yield the reads of reserved concurrency; an empty answer means that none is reserved."""
    for name in names:
        yield reads.each(GET_CONCURRENCY, name, FunctionName=name)


def _by_function(reading: Reading) -> Answers:
    by_name: dict[str, dict[str, list[Any]]] = {}
    for mapping in (reading.answer or {}).get(_MAPPINGS, []):
        name = _function_name(mapping.get("FunctionArn", ""))
        by_name.setdefault(name, {_MAPPINGS: []})[_MAPPINGS].append(mapping)
    return Reading(None if reading.answer is None else by_name, reading.failure).under(LIST_EVENT_SOURCES)


def _served(alias: Mapping[str, Any]) -> list[str]:
    weighted = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return [alias.get("FunctionVersion", _LATEST), *weighted]


def _function_name(arn: str) -> str:
    parts = arn.split(":")  # arn:aws:lambda:region:account:function:name[:qualifier]
    return parts[6] if len(parts) > 6 else ""  # noqa: PLR2004  the seventh part of a function ARN
