"""What leads to the verdicts over one function: as text for people, and as one JSON object. Pure.

The verdict first, then its way as a picture, then what else the rules looked at, then what each of them says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vpcguard.cli.picture import Marks, draw_calls, draw_way
from vpcguard.cli.render import Line, one_line
from vpcguard.cli.report import SEVERITIES, Unread, unread_lines
from vpcguard.model import Explanation

Json = Mapping[str, Any]
_LABEL = 12  # columns of a label before its text
_RANK = 9  # columns of a severity before its text
_OTHERS = {  # verdicts that need nobody's attention, in the order in which they are shown
    "pass": "passes",
    "silent": "silent",
    "not_applicable": "n/a",
    "off": "off",
}
_STYLES = ("bold red", "bold red", "bold yellow", "bold yellow", "bold cyan")
_SERVES = {"yes": "serves", "no": "does not serve", "unknown": "may serve"}
_DOUBT = "Not known "


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a function as it was explained, and where that comes from.

    version: "$LATEST" or a number. weight: its share of the calls, of 1. is_latest_network: it has the
    subnets and groups of $LATEST. remarks: sentences on what is special about it. unread: as of a Report.
    """

    version: str
    weight: float
    captured_at: str
    snapshot_digest: str
    explanation: Explanation
    is_latest_network: bool
    remarks: tuple[str, ...]
    unread: tuple[Unread, ...]

    def as_document(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {
            "captured_at": self.captured_at,
            "snapshot_digest": self.snapshot_digest,
            "policy_revision": self.explanation.policy_revision,
            "config_digest": self.explanation.config_digest,
            **self.explanation.document,
            "version": self.version,
            "weight": self.weight,
            "unread": [asdict(one) for one in self.unread],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explanation of a function: of the one version that it has been asked about, or serves.

    qualifier: the alias or version that was asked for; None: the function alone, which is $LATEST. versions:
    an alias with weights serves two, the one that gets more calls first.
    """

    account_id: str
    region: str
    qualifier: str | None
    versions: tuple[Version, ...]

    @property
    def is_complete(self) -> bool:
        """True if no read failed that a verdict rests on."""
        return not any(version.unread for version in self.versions)

    def as_document(self) -> dict[str, Any]:
        """Return all of it as one JSON object; what else an alias serves stands in other_versions."""
        first, *others = self.versions
        return {
            "account_id": self.account_id,
            "region": self.region,
            "qualifier": self.qualifier,
            **first.as_document(),
            "other_versions": [other.as_document() for other in others],
        }

    def as_lines(self, marks: Marks, *, everything: bool) -> Iterator[Line]:
        """Yield it for people; everything: what passes, does not apply or is off too, with the reasons."""
        first, *others = self.versions
        name = f"{first.explanation.document['function']}:{self.qualifier}"
        if others:
            yield _line(f"{name} serves {' and '.join(map(_share, self.versions))}.")
        elif self.qualifier not in (None, first.version):
            yield _line(f"{name} serves {_named(first)}{_compared(first)}.")
        elif self.qualifier is not None:
            yield _line(f"This is {name}{_compared(first)}.")
        for version in self.versions:
            if others:
                yield _line("")
                yield Line(f"{_named(version)}{_compared(version)}:", style="bold underline")
            if self.qualifier is not None:
                yield _line("")
            if version is not first and version.explanation.document == first.explanation.document:
                yield _line(f"All that is said of version {first.version} holds for it too.")
                continue
            yield from _about(version, f"{self.account_id} {self.region}", marks, everything=everything)
            yield _line("")
            yield from map(_line, unread_lines(version.unread))


def _share(version: Version) -> str:
    share = "" if version.weight == 1 else f" ({version.weight * 100:.4g} % of the calls)"
    return f"{_named(version)}{share}"


def _named(version: Version) -> str:
    return f"version {version.version}" if version.version.isdecimal() else version.version


def _compared(version: Version) -> str:
    if not version.version.isdecimal():
        return ""
    return f", with {'the' if version.is_latest_network else 'other'} subnets and security groups " + (
        "of $LATEST" if version.is_latest_network else "than $LATEST"
    )


def _line(text: str) -> Line:
    return Line(one_line(text))


def _labelled(label: str, text: str) -> Line:
    return Line(one_line(text), start=f"{label:<{_LABEL - 1}} ", hang=_LABEL)


def _about(version: Version, place: str, marks: Marks, *, everything: bool) -> Iterator[Line]:
    function = version.explanation.document
    rules = function["rules"]
    violations = sorted(_with(rules, "violation"), key=_badness)
    worst = [rule for rule in violations if _badness(rule) == _badness(violations[0])]
    yield from _verdict(function, worst)
    yield _line("")
    for way in function["ways"]:
        yield from draw_way(way, marks)
        yield _line("")
    if function["calls"]:
        seen = {one["subnet_id"]: one["text"] for one in function["subnets"] if one["existence"] == "seen"}
        yield Line("Calls to AWS services", style="bold")
        yield _line("")
        yield from draw_calls(function["calls"], seen, marks)
        yield _line("")
    yield from _situation(function, version, place)
    if everything:
        yield from _endpoints(function["subnets"])
    if violations:
        yield from _heading("Violations")
        listed = [
            " ".join(one["repair"] for one in way["faults"]) for way in function["ways"] if way["faults"][1:]
        ]
        for rule in violations:
            yield from _violation(
                rule, is_told=rule in worst, is_listed=any(rule["advice"] in repairs for repairs in listed)
            )
    if doubts := _with(rules, "unknown"):
        yield from _heading("Not known")
        yield from _doubts(doubts)
    yield from _rest(rules, everything=everything)
    yield _line(f"Policies {version.explanation.policy_revision}")


def _heading(text: str) -> Iterator[Line]:
    yield _line("")
    yield Line(text, style="bold")


def _with(rules: Sequence[Json], verdict: str) -> list[Json]:
    return [rule for rule in rules if rule["verdict"] == verdict]


def _badness(rule: Json) -> int:
    return SEVERITIES.index(rule["severity"])


# ---- the verdict ----


def _verdict(function: Json, worst: Sequence[Json]) -> Iterator[Line]:
    """Yield what is to be known at once: the worst violations, or that there is none, and the counts."""
    rules = function["rules"]
    doubts, passes = _with(rules, "unknown"), _with(rules, "pass")
    worse = [rule for rule in doubts if not worst or _badness(rule) < _badness(worst[0])]
    if worse:
        open_questions = [rule for rule in worse if _badness(rule) == min(map(_badness, worse))]
        asked = ", ".join(rule["title"].removeprefix(_DOUBT) for rule in open_questions)
        start = f"NOT KNOWN, {open_questions[0]['severity']}: "
        yield Line(one_line(f"{asked}."), start, len(start), "bold yellow")
    for rule in worst:
        start = f"{rule['severity'].upper()}: "
        yield Line(one_line(rule["reason"]), start, len(start), _STYLES[_badness(rule)])
    if not worst and not doubts:
        fine = f"No fault found in the network of {function['function']}."
        text = fine if passes else f"Nothing to judge: {function['text']}"
        yield Line(one_line(text), style="bold green" if passes else "bold")
    found = Counter(rule["severity"] for rule in _with(rules, "violation"))
    violations = ", ".join(f"{found[severity]} {severity}" for severity in SEVERITIES if found[severity])
    text = f"Violations: {violations or 'none'}. Not known: {len(doubts) or 'nothing'}."
    yield _line(f"{text} Passed: {_number(len(passes), 'rule')}.")


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


# ---- the situation ----


def _situation(function: Json, version: Version, place: str) -> Iterator[Line]:
    yield _labelled("function", f"{function['function']}, {_named(version)}, in {place}")
    yield _labelled("read at", version.captured_at)
    for label, remark in zip(_once("version"), version.remarks, strict=False):
        yield _labelled(label, remark)
    yield from _network(function)
    for label, state in _states(function["states"]):
        yield _labelled(label, state)
    yield _labelled("intent", _intent(function["intent"]))
    if function["security_groups"]:
        yield _labelled("needs", _needs(function["needs"]))
    if not function["calls"]:
        yield from _serving(function["subnets"])


def _network(function: Json) -> Iterator[Line]:
    if function["situation"] == "without_subnets":
        yield _labelled("network", function["text"])
    if function["vpc_id"]:
        yield _labelled("vpc", function["vpc_id"])
    if unseen := [one for one in function["subnets"] if one["existence"] != "seen"]:
        yield _labelled("subnets", ", ".join(_existing(one) for one in unseen))
    if function["security_groups"]:
        groups = ", ".join(_existing(one) for one in function["security_groups"])
        yield _labelled("groups", f"{groups}: {function['filters']['egress']}")
    for label, acl in zip(_once("acls"), function["filters"]["network_acls"], strict=False):
        yield _labelled(label, _of_subnets(acl, function))
    for label, subnet in zip(_once("addresses"), _with_addresses(function), strict=False):
        yield _labelled(label, f"{subnet['text']}: {subnet['addresses']['text']}")


def _once(label: str) -> Iterator[str]:
    """Yield a label for the first of several lines, and none for the others."""
    yield label
    while True:
        yield ""


def _with_addresses(function: Json) -> list[Json]:
    return [subnet for subnet in function["subnets"] if subnet["addresses"]]


def _of_subnets(acl: Json, function: Json) -> str:
    """Return what an ACL does, and for which subnets where there are several ACLs."""
    if len(function["filters"]["network_acls"]) == 1:
        return str(acl["text"])
    named = (one["text"] for one in function["subnets"] if one["subnet_id"] in acl["subnet_ids"])
    return f"{', '.join(named)}: {acl['text']}"


def _states(states: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field, label in (("state", "state"), ("last_update_status", "last update")):
        if field in states:
            why = [states[key] for key in (f"{field}_reason_code", f"{field}_reason") if states.get(key)]
            yield label, f"{states[field]} ({': '.join(why)})" if why else states[field]


def _intent(intent: Json) -> str:
    parts = [f"egress {_declared(intent['egress'])}"]
    if intent["private_targets"]["source"] != "undeclared":
        parts.append(f"private targets {_declared(intent['private_targets'])}")
    services = intent["services"]
    if services["source"] in ("configuration", "tag"):
        parts.append(f"services {', '.join(services['values']) or 'none'} ({services['source']})")
    if intent["unrecognized"]:
        parts.append(f"not understood: {', '.join(intent['unrecognized'])}")
    return "; ".join(parts) + _waiting(intent["waits_for"])


def _declared(declared: Json) -> str:
    value, source = declared["value"], declared["source"]
    return str(value) if value == source else f"{value} ({source})"


def _needs(needs: Json) -> str:
    named = [f"{one['service']} ({one['basis']}{_waiting(one['waits_for'])})" for one in needs["services"]]
    named += [f"{service} (no endpoint known, not judged)" for service in needs["without_endpoints"]]
    others = needs["others_wait_for"]
    found = ", ".join(named) or ("none declared or inferred" if not others else "none for certain")
    return found + (f"; others are possible{_waiting(others)}" if others else "")


def _serving(subnets: Sequence[Json]) -> Iterator[Line]:
    """Yield the endpoints that serve a function of which nobody knows what it calls."""
    found = {
        endpoint["endpoint_id"]: _endpoint(endpoint)
        for subnet in subnets
        for endpoint in subnet["endpoints"]
        if endpoint["serves"] == "yes"
    }
    if found:
        yield _labelled("endpoints", f"served by {'; '.join(found.values())}")


def _existing(one: Json) -> str:
    state = {"seen": "", "missing": " (does not exist)", "unknown": " (not seen)"}[one["existence"]]
    return f"{one['text']}{state}"


def _waiting(waits: Sequence[Mapping[str, str]]) -> str:
    if not waits:
        return ""
    named = (f"{one['name']} ({one['reason']})" if one["reason"] else one["name"] for one in waits)
    return f", because of {', '.join(dict.fromkeys(named))}"


def _endpoints(subnets: Sequence[Json]) -> Iterator[Line]:
    """Yield every endpoint of the VPC, subnet by subnet."""
    for subnet in subnets:
        if subnet["endpoints"] or subnet["endpoints_wait_for"]:
            yield from _heading(f"Endpoints, from {one_line(subnet['text'])}")
        for endpoint in subnet["endpoints"]:
            text = f"{_endpoint(endpoint)}: {_SERVES[endpoint['serves']]}, {endpoint['reason']}"
            yield Line(one_line(text), start="  ", hang=4)
        if waits := subnet["endpoints_wait_for"]:
            yield Line(one_line(f"others are possible{_waiting(waits)}"), start="  ", hang=4)


def _endpoint(endpoint: Json) -> str:
    about = " for ".join(part for part in (endpoint["type"], endpoint["service"]) if part)
    return f"{endpoint['text']}, {about}" if about else endpoint["text"]


# ---- the rules ----


def _violation(rule: Json, *, is_told: bool, is_listed: bool) -> Iterator[Line]:
    """Yield a violation. is_told: its message is the verdict; is_listed: its advice stands below a way."""
    start = f"  {rule['severity']:<{_RANK - 1}} "
    head = f"{rule['id']} (stage {rule['stage']}): {rule['title']}"
    yield Line(one_line(head), start, len(start), _STYLES[_badness(rule)])
    if not is_told:
        yield Line(one_line(rule["reason"]), " " * len(start), len(start))
    advice = "What is listed above, in that order." if is_listed else rule["advice"]
    yield Line(one_line(f"Do: {advice}"), " " * len(start), len(start))


def _doubts(rules: Sequence[Json]) -> Iterator[Line]:
    """Yield what could not be judged: questions that wait for the same together, with what settles them."""
    together: dict[tuple[str, str], list[Json]] = {}
    for rule in sorted(rules, key=_badness):
        together.setdefault((rule["because"], rule["advice"]), []).append(rule)
    indent = " " * (_RANK + 2)
    for (because, advice), waiting in together.items():
        for rule in waiting:
            start = f"  {rule['severity']:<{_RANK - 1}} "
            text = f"{rule['title'].removeprefix(_DOUBT)} ({rule['id']})"
            yield Line(one_line(text), start, len(start), "bold")
        yield Line(one_line(f"Because of: {because}."), indent, len(indent))
        yield Line(one_line(f"To settle it: {advice}"), indent, len(indent))


def _rest(rules: Sequence[Json], *, everything: bool) -> Iterator[Line]:
    """Yield what passes in one line, and what people should know of it; or every rule with its reason."""
    for rule in rules:
        if note := rule.get("note"):
            yield _line("")
            yield Line(one_line(f"Note on {rule['id']}: {note}"))
    if everything:
        yield from _heading("Everything else")
        for verdict, label in _OTHERS.items():
            for rule in _with(rules, verdict):
                start = f"  {label:<{_RANK - 1}} "
                yield Line(one_line(f"{rule['id']}: {rule['reason']}"), start, len(start))
        yield _line("")
        return
    families = Counter(rule["id"].partition(".")[0] for rule in _with(rules, "pass"))
    named = ", ".join(f"{number} {family}" for family, number in sorted(families.items()))
    counts = [
        f"{len(found)} {words}"
        for verdict, words in (("not_applicable", "n/a"), ("off", "off"), ("silent", "silent"))
        if (found := _with(rules, verdict))
    ]
    passing = f"Passes: {sum(families.values())}{f' ({named})' if named else ''}"
    yield _line("")
    yield _line(f"{', '.join([passing, *counts])}; see --all")
