"""Findings as what people repair: by the one resource that is at fault, worst first. Pure.

A finding names its cause where repairing one resource ends it; those of one cause, account, region and rule
are one entry. A finding without one is grouped by rule, VPC and the subnets that its evidence names. What is
undetermined is grouped by what it waits for. The command line shows both; whoever lists, notifies or exports
findings asks here as well.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from vpcguard.model import Finding, Severity, cause_of

_RANKS = {severity: rank for rank, severity in enumerate(get_args(Severity))}  # worst first

# "subnet-0a (app-a, eu-west-1a)", and lists of such as the policies write them: "A, B and C", "A and 15 more"
_NAMED = r"subnet-[\w-]+(?: \([^()]*\))?"
# ("its subnets are A and B" stays as it is)
_SUBNETS = re.compile(rf"(?<!are ){_NAMED}(?:, {_NAMED})*(?:,? and (?:{_NAMED}|\d+ more))?")
_ONE = re.compile(_NAMED)
_MORE = re.compile(r"and (\d+) more$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one repair ends, or what one rule says of one network.

    account_id: the owner of the cause. root_cause: a resource id; None: no single resource is the cause.
    kind, name: what the resource is, and its Name tag, where they are known. severity: the worst of its
    findings. functions: sorted by severity, then name. message: true of all of its findings, without the
    function's name; advice: of most of them; same_message, same_advice: every finding says just that.
    """

    account_id: str
    region: str
    root_cause: str | None
    kind: str | None
    name: str | None
    vpc_id: str | None
    rule_id: str
    title: str
    severity: Severity
    severities: Mapping[Severity, int]
    statuses: Mapping[str, int]
    functions: tuple[str, ...]
    message: str
    same_message: bool
    advice: str
    same_advice: bool

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Undetermined verdicts that wait for the same: an operation, or a target that nobody can see into.

    advice: of most of those that wait for this alone, else of most of all.
    """

    waits_for: str
    verdicts: int
    rules: tuple[str, ...]
    functions: tuple[str, ...]
    advice: str
    same_advice: bool


def causes_of(findings: Iterable[Finding]) -> list[Cause]:
    """Return what is at fault, worst first, then by how many functions; without what is undetermined."""
    groups: defaultdict[tuple[Any, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.status != "undetermined":
            groups[_key(finding)].append(finding)
    return sorted(map(_cause, groups.values()), key=_worst_first)


def waiting_of(findings: Iterable[Finding]) -> list[Waiting]:
    """Return what undetermined findings wait for, most verdicts first; one may wait for several."""
    groups: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.status == "undetermined":
            for one in finding.evidence.get("unknown", ()):
                groups[str(one)].append(finding)
    found = [_waiting(waits_for, ones) for waits_for, ones in groups.items()]
    return sorted(found, key=lambda one: (-one.verdicts, one.waits_for))


def abridged(message: str, *, word: str = "") -> str:
    """Return a message with its lists of subnets as their number, or each mention of any as `word`."""

    def counted(mention: re.Match[str]) -> str:
        more = _MORE.search(mention.group())
        number = len(_ONE.findall(mention.group())) + (int(more.group(1)) if more else 0)
        return word or (mention.group() if number == 1 else f"{number} subnets")

    return _SUBNETS.sub(counted, message)


# ---- groups ----


def _owner(finding: Finding) -> tuple[str, str | None, str | None]:
    """Return of a finding's cause the account that owns it, what it is, and its Name tag."""
    return finding.root_cause_account or finding.account_id, finding.root_cause_kind, finding.root_cause_name


def _key(finding: Finding) -> tuple[Any, ...]:
    if cause_id := cause_of(finding):
        return (cause_id,)
    place = finding.account_id, finding.region, finding.rule_id
    return *place, finding.vpc_id, _subnets(finding.evidence)


def _subnets(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the subnets that evidence names, in whichever of its two forms."""
    named = [one.get("subnet_id") for one in evidence.get("subnets", ()) if isinstance(one, dict)]
    return tuple(sorted(map(str, named or evidence.get("subnet_ids", ()))))


def _cause(findings: Sequence[Finding]) -> Cause:
    ordered = sorted(findings, key=lambda one: (_RANKS[one.severity], one.function_name))
    worst = ordered[0]
    account_id, kind, name = _owner(worst)
    severities = Counter(one.severity for one in ordered)
    message, same_message = _said_of_all(ordered)
    advice, same_advice = _most_common([one.advice for one in ordered])
    return Cause(
        account_id=account_id,
        region=worst.region,
        root_cause=worst.root_cause,
        kind=kind,
        name=name,
        vpc_id=worst.vpc_id,
        rule_id=worst.rule_id,
        title=worst.title,
        severity=worst.severity,
        severities={severity: severities[severity] for severity in _RANKS if severities[severity]},
        statuses=dict(sorted(Counter(one.status for one in ordered).items())),
        functions=tuple(one.function_name for one in ordered),
        message=message,
        same_message=same_message,
        advice=advice,
        same_advice=same_advice,
    )


def _waiting(waits_for: str, findings: Sequence[Finding]) -> Waiting:
    alone = [one.advice for one in findings if len(one.evidence["unknown"]) == 1]
    advice, same_advice = _most_common(alone or [one.advice for one in findings])
    places = {(one.function_name, one.account_id, one.region) for one in findings}
    return Waiting(
        waits_for=waits_for,
        verdicts=len(findings),
        rules=tuple(sorted({one.rule_id for one in findings})),
        functions=tuple(name for name, *_ in sorted(places)),
        advice=advice,
        same_advice=same_advice,
    )


def _said_of_all(findings: Sequence[Finding]) -> tuple[str, bool]:
    """Return what is wrong in words that hold for every finding, and whether each says just that.

    Where the messages differ: without the lists of subnets, mostly all they differ in; else the title.
    """
    messages = list(dict.fromkeys(map(_without_name, findings)))
    if len(messages) == 1:
        return messages[0], True
    for word in ("", "some subnets"):
        shorter = {abridged(message, word=word) for message in messages}
        if len(shorter) == 1:
            return shorter.pop(), False
    return findings[0].title, False


def _without_name(finding: Finding) -> str:
    """Return a message without the function's name, which begins most of them."""
    return finding.message.removeprefix(f"{finding.function_name} ")


def _most_common(texts: Sequence[str]) -> tuple[str, bool]:
    """Return what most say, of several as many the first; and whether all do."""
    counted = Counter(texts)
    return counted.most_common(1)[0][0], len(counted) == 1


def _worst_first(cause: Cause) -> tuple[Any, ...]:
    named = cause.root_cause or cause.vpc_id or ""
    place = cause.account_id, cause.region
    return _RANKS[cause.severity], -len(cause.functions), named, cause.rule_id, *place, cause.functions
