"""What recipients read: one message of what one repair ends, of what ended, or of what is open already. Pure.

Everything in it was named by somebody else, so it is made one line each, bounded, and, in a subject, ASCII.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from vpcguard.findings.causes import Cause, causes_of
from vpcguard.model import Finding

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_SUBJECT_CHARACTERS = 99  # fewer than 100, ASCII
MESSAGE_BYTES = 200_000  # of 256 KB
_FUNCTIONS, _CAUSES, _ACTORS = 20, 20, 3  # named in one message
_TEXT_CHARACTERS = 1_000
_PRODUCT = "Lambda VPC Guard"
_KINDS = {
    "nat_gateway": "NAT gateway",
    "network_acl": "network ACL",
    "role": "role",
    "vpc": "VPC",
    "vpc_endpoint": "VPC endpoint",
    "vpc_peering_connection": "VPC peering connection",
}
_REASONS = {
    "fixed": "fixed",
    "intent_changed": "what the function is meant to reach is declared otherwise now",
    "detached": "the function left its VPC",
    "no_longer_applies": "the rule is not about such a function any more",
    "function_deleted": "the function was deleted",
    "rule_retired": "the rule was withdrawn",
    "rule_off": "the configuration switched the rule off",
}
Told = Mapping[str, Any]  # a change as it was gathered; the names of HistoryEntry


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of SNS."""

    subject: str
    message: str


def begun(changes: Sequence[Told], *, advice: str, ended: int) -> Notice:
    """Return what to say of findings of one cause that opened. ended: others of it that ended meanwhile."""
    causes = causes_of(map(_finding, changes))
    cause = causes[0]
    count = _functions(len(changes))
    lines = [f"{_what(cause)}: {count}, severity {cause.severity}.", ""]
    # several only where findings without a cause name different subnets of one network
    lines += [f"What is wrong: {_plain(one.title)}: {_plain(one.message)}" for one in causes]
    if advice:
        lines.append(f"The repair: {_plain(advice)}")
    lines += [*_actors(changes), f"Rule: {cause.rule_id}"]
    if ended:
        lines.append(f"Ended meanwhile: {_functions(ended)}")
    lines += ["", *_named(changes)]
    return _notice(f"{cause.severity}, {_resource(cause)}, {count}", lines)


def ended(changes: Sequence[Told]) -> Notice:
    """Return what to say of the last findings of a cause, which ended."""
    cause = causes_of(map(_finding, changes))[0]
    count = _functions(len(changes))
    reasons = Counter(str(one["status_reason"]) for one in changes)
    lines = [f"{_what(cause)}: its findings have ended, the last of them on {count}.", ""]
    lines.append(f"What was wrong: {_plain(cause.title)}: {_plain(cause.message)}")
    lines += [
        f"Ended: {number:,}, {_REASONS.get(reason, reason)}" for reason, number in reasons.most_common()
    ]
    lines += _actors(changes)
    lines += [f"Rule: {cause.rule_id}", "", *_named(changes)]
    return _notice(f"ended, {_resource(cause)}, {count}", lines)


def backlog(changes: Sequence[Told]) -> Notice:
    """Return what is open already where somebody begins to be told."""
    causes = causes_of(map(_finding, changes))
    total = f"{len(changes):,} finding{'s' * (len(changes) != 1)}"
    lines = [
        "From now on you are told of findings of these rules as they appear.",
        f"Open already: {total} of {len(causes):,} cause{'s' * (len(causes) != 1)}, worst first.",
        "",
    ]
    for cause in causes[:_CAUSES]:
        count = _functions(len(cause.functions))
        lines.append(f"- {cause.severity}: {_what(cause)}: {count}: {_plain(cause.message)}")
    if (more := len(causes) - _CAUSES) > 0:
        lines.append(f"- and {more:,} more causes")
    rules = Counter(str(one["rule_id"]) for one in changes)
    lines += [
        "",
        "Rules: " + ", ".join(f"{rule} ({number:,})" for rule, number in rules.most_common(_CAUSES)),
    ]
    lines += ["All of them: vpcguard findings"]
    return _notice(f"open already, {total}", lines)


def _what(cause: Cause) -> str:
    place = f"account {cause.account_id}, {cause.region}"
    kind = _KINDS.get(cause.kind or "", (cause.kind or "").replace("_", " "))
    if cause.root_cause is None:
        return f"{_resource(cause)} ({place})"
    return f"{kind} {_resource(cause)} ({place})".lstrip()


def _resource(cause: Cause) -> str:
    if cause.root_cause is None:
        return f"{cause.rule_id} in {_plain(cause.vpc_id)}" if cause.vpc_id else cause.rule_id
    name = f" ({_plain(cause.name)})" if cause.name else ""
    return f"{_plain(cause.root_cause)}{name}"


def _actors(changes: Sequence[Told]) -> Iterator[str]:
    """Yield who caused it, where events tell; the one whose calls led to most first."""
    named = Counter(_plain(one["actor"]) for one in changes if one.get("actor"))
    if not named:
        return
    times = [str(one["changed_at"]) for one in changes if one.get("actor")]
    more = f" and {len(named) - _ACTORS} more" if len(named) > _ACTORS else ""
    who = ", ".join(name for name, _ in named.most_common(_ACTORS))
    yield f"Caused by: {who}{more}, seen first {min(times)}"


def _named(changes: Sequence[Told]) -> Iterator[str]:
    """Yield the first functions by name, with the ids of their findings."""
    places = {(one["account_id"], one["region"]) for one in changes}
    accounts = len({account_id for account_id, _ in places})
    spread = f" in {accounts:,} accounts" if accounts > 1 else ""
    first = f", the first {_FUNCTIONS}" if len(changes) > _FUNCTIONS else ""
    yield f"Functions: {len(changes):,}{spread}{first}"
    ordered = sorted(changes, key=lambda one: (one["function_name"], one["account_id"], one["region"]))
    for one in ordered[:_FUNCTIONS]:
        account = f" ({_plain(one['account_name'])})" if one.get("account_name") else ""
        place = f"{one['account_id']}{account} {one['region']}"
        yield f"- {_plain(one['function_name'])}, {place}, {one['finding_id']}"
    if (more := len(changes) - _FUNCTIONS) > 0:
        yield f"- and {more:,} more"


def _functions(number: int) -> str:
    return f"{number:,} function{'s' * (number != 1)}"


def _finding(told: Told) -> Finding:
    """Return a change as the finding that it is about, as far as it says."""
    names = {one.name for one in fields(Finding)}
    said = {name: value for name, value in told.items() if name in names}
    empty: dict[str, Any] = dict.fromkeys(names - said.keys())
    texts = {name: said.get(name) or "" for name in ("title", "message")}
    rule_id = str(said["rule_id"])
    return Finding(
        **(empty | said | texts | {"family": rule_id.partition(".")[0], "advice": "", "evidence": {}})
    )


def _plain(text: object) -> str:
    """Return any text as one line of printable characters, at most a thousand."""
    line = " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())
    return line if len(line) <= _TEXT_CHARACTERS else line[: _TEXT_CHARACTERS - 1] + "…"


def _notice(subject: str, lines: Sequence[str]) -> Notice:
    line = f"{_PRODUCT}: {subject}".encode("ascii", "replace").decode()
    if len(line) > _SUBJECT_CHARACTERS:
        line = line[: _SUBJECT_CHARACTERS - 3] + "..."
    message = "\n".join(lines) + "\n"
    return Notice(line, message.encode()[:MESSAGE_BYTES].decode(errors="ignore"))
