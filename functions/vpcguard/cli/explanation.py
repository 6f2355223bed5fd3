"""What leads to the verdicts over one function: as text for people, and as one JSON object. Pure.

Text of the same order on a terminal and in a pipe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vpcguard.cli.render import Line, one_line
from vpcguard.cli.report import Unread, unread_lines
from vpcguard.model import Explanation

Json = Mapping[str, Any]
_LABEL = 12  # columns of a label before its text
_VERDICTS = {  # in the order in which they are shown
    "violation": "violation",
    "unknown": "unknown",
    "pass": "passes",
    "silent": "silent",
    "not_applicable": "n/a",
    "off": "off",
}
_SERVES = {"yes": "serves", "no": "does not serve", "unknown": "may serve"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explanation of one function and where it comes from. unread: as of a Report."""

    account_id: str
    region: str
    captured_at: str
    snapshot_digest: str
    explanation: Explanation
    unread: tuple[Unread, ...]

    @property
    def function(self) -> Json:
        """One of the functions of policies/schemas/explanation.json."""
        return self.explanation.document

    def as_document(self) -> dict[str, Any]:
        """Return all of it as one JSON object."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "captured_at": self.captured_at,
            "snapshot_digest": self.snapshot_digest,
            "policy_revision": self.explanation.policy_revision,
            "config_digest": self.explanation.config_digest,
            **self.function,
            "unread": [asdict(one) for one in self.unread],
        }

    def as_lines(self) -> Iterator[Line]:
        """Yield it for people."""
        function = self.function
        where = f"{function['function']} in {self.account_id} {self.region}"
        yield _line(f"{where}, as read at {self.captured_at}")
        yield _line(f"policies {self.explanation.policy_revision}")
        yield _line("")
        yield from _situation(function)
        for subnet in function["subnets"]:
            yield _line("")
            yield from _subnet(subnet)
        yield _line("")
        yield from _rules(function["rules"])
        yield _line("")
        yield from map(_line, unread_lines(self.unread))


def _line(text: str) -> Line:
    return Line(one_line(text))


def _labelled(label: str, text: str, *, indent: int = 0) -> Line:
    return Line(one_line(text), start=f"{' ' * indent}{label:<{_LABEL - 1}} ", hang=indent + _LABEL)


def _situation(function: Json) -> Iterator[Line]:
    yield _line(function["text"])
    if function["vpc_id"]:
        yield _labelled("vpc", function["vpc_id"])
    if function["security_groups"]:
        groups = (_existing(one["security_group_id"], one) for one in function["security_groups"])
        yield _labelled("groups", ", ".join(groups))
    for field, label in (("state", "state"), ("last_update_status", "last update")):
        if field in function["states"]:
            yield _labelled(label, _state(function["states"], field))
    yield _labelled("intent", _intent(function["intent"]))
    if function["security_groups"]:
        yield _labelled("needs", _needs(function["needs"]))


def _state(states: Mapping[str, str], field: str) -> str:
    why = [states[key] for key in (f"{field}_reason_code", f"{field}_reason") if states.get(key)]
    return f"{states[field]} ({': '.join(why)})" if why else states[field]


def _intent(intent: Json) -> str:
    parts = [
        f"egress {_declared(intent['egress'])}",
        f"private targets {_declared(intent['private_targets'])}",
    ]
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
    found = ", ".join(named) or ("no AWS service" if not others else "no AWS service for certain")
    return found + (f"; others are possible{_waiting(others)}" if others else "")


def _subnet(subnet: Json) -> Iterator[Line]:
    zones = [zone for zone in (subnet["zone_name"], subnet["zone_id"]) if zone]
    where = f"  {' '.join(zones)}" if zones else ""
    yield _line(f"subnet {_existing(subnet['subnet_id'], subnet)}{where}")
    if path := subnet["path"]:
        yield _labelled("way out", f"{path['state']}: {path['text']}", indent=2)
        if path["hops"]:
            hops = (f"{hop['id']} ({hop['kind'].replace('_', ' ')}, {hop['state']})" for hop in path["hops"])
            yield _labelled("hops", " > ".join(hops), indent=2)
    for endpoint in subnet["endpoints"]:
        about = ", ".join(part for part in (endpoint["type"], endpoint["service"]) if part)
        name = f"{endpoint['endpoint_id']} ({about})" if about else endpoint["endpoint_id"]
        yield _labelled("endpoint", f"{name} {_SERVES[endpoint['serves']]}: {endpoint['reason']}", indent=2)
    if subnet["endpoints_wait_for"]:
        yield _labelled("endpoint", f"others are possible{_waiting(subnet['endpoints_wait_for'])}", indent=2)
    for service in subnet["services"]:
        yield _labelled(
            "service", f"{service['service']}: {service['text']}{_waiting(service['waits_for'])}", indent=2
        )
    if subnet["addresses"]:
        yield _labelled("addresses", subnet["addresses"]["text"], indent=2)


def _existing(name: str, found: Json) -> str:
    state = {"seen": "", "missing": " (does not exist)", "unknown": " (not seen)"}[found["existence"]]
    return name + state


def _waiting(waits: Sequence[Mapping[str, str]]) -> str:
    if not waits:
        return ""
    named = (f"{one['name']} ({one['reason']})" if one["reason"] else one["name"] for one in waits)
    return f"; waits for {', '.join(dict.fromkeys(named))}"


def _rules(rules: Sequence[Json]) -> Iterator[Line]:
    counts = Counter(rule["verdict"] for rule in rules)
    shown = (f"{label} {counts[verdict]}" for verdict, label in _VERDICTS.items() if counts[verdict])
    yield _line(f"{len(rules)} rules: {', '.join(shown)}")
    order = list(_VERDICTS)
    for rule in sorted(rules, key=lambda rule: order.index(rule["verdict"])):
        is_found = rule["verdict"] in ("violation", "unknown")
        about = f" ({rule['severity']}, stage {rule['stage']})" if is_found else ""
        yield _labelled(_VERDICTS[rule["verdict"]], f"{rule['id']}{about}: {rule['reason']}", indent=2)
        if advice := rule.get("advice"):
            yield _labelled("", f"do: {advice}", indent=2)
