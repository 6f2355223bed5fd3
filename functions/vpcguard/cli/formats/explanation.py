"""The explanation of one function: as text for people, and as one JSON object.

Text of the same order and width on a terminal and in a pipe; nothing is cut, so that every id can be copied.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from vpcguard.cli.formats.closing import unread_lines
from vpcguard.cli.formats.table import FALLBACK_WIDTH
from vpcguard.cli.visible import one_line

if TYPE_CHECKING:
    from vpcguard.cli.explaining import Explained

Json = Mapping[str, Any]
_NARROWEST = 40
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


def write_json(explained: Explained, stream: TextIO) -> None:
    """Write one JSON object. ASCII only, whatever the locale."""
    json.dump(explained.as_document(), stream, indent=2)
    stream.write("\n")


def write_text(explained: Explained, stream: TextIO) -> None:
    """Write the explanation for people, wrapped to the terminal."""
    width = max(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, _NARROWEST)
    for indent, label, text in _lines(explained):
        start = " " * indent + (f"{label:<{_LABEL - 1}} " if label else "")
        wrapped = textwrap.wrap(
            one_line(text),
            width,
            initial_indent=start,
            subsequent_indent=" " * (indent + (_LABEL if label else 0)),
            break_on_hyphens=False,
        )
        stream.write("\n".join(wrapped) + "\n")


_Line = tuple[int, str, str]  # indent, label, text
_BLANK: _Line = (0, "", "")


def _lines(explained: Explained) -> Iterator[_Line]:
    function = explained.function
    where = f"{function['function']} in {explained.account_id} {explained.region}"
    yield 0, "", f"{where}, as read at {explained.captured_at}"
    yield 0, "", f"policies {explained.explanation.policy_revision}"
    yield _BLANK
    yield from _situation(function)
    for subnet in function["subnets"]:
        yield _BLANK
        yield from _subnet(subnet)
    yield _BLANK
    yield from _rules(function["rules"])
    yield _BLANK
    if not explained.unread:
        yield 0, "", "Everything asked of AWS was answered."
    yield from ((0, "", line) for line in unread_lines(explained.unread))


def _situation(function: Json) -> Iterator[_Line]:
    yield 0, "", function["text"]
    if function["vpc_id"]:
        yield 0, "vpc", function["vpc_id"]
    if function["security_groups"]:
        groups = (_existing(one["security_group_id"], one) for one in function["security_groups"])
        yield 0, "groups", ", ".join(groups)
    for field, label in (("state", "state"), ("last_update_status", "last update")):
        if field in function["states"]:
            yield 0, label, _state(function["states"], field)
    yield 0, "intent", _intent(function["intent"])
    if function["security_groups"]:
        yield 0, "needs", _needs(function["needs"])


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
    others = needs["others_wait_for"]
    found = ", ".join(named) or ("no AWS service" if not others else "no AWS service for certain")
    return found + (f"; others are possible{_waiting(others)}" if others else "")


def _subnet(subnet: Json) -> Iterator[_Line]:
    zones = [zone for zone in (subnet["zone_name"], subnet["zone_id"]) if zone]
    where = f"  {' '.join(zones)}" if zones else ""
    yield 0, "", f"subnet {_existing(subnet['subnet_id'], subnet)}{where}"
    if path := subnet["path"]:
        yield 2, "way out", f"{path['state']}: {path['text']}"
        if path["hops"]:
            hops = (f"{hop['id']} ({hop['kind'].replace('_', ' ')}, {hop['state']})" for hop in path["hops"])
            yield 2, "hops", " > ".join(hops)
    for endpoint in subnet["endpoints"]:
        about = ", ".join(part for part in (endpoint["type"], endpoint["service"]) if part)
        name = f"{endpoint['endpoint_id']} ({about})" if about else endpoint["endpoint_id"]
        yield 2, "endpoint", f"{name} {_SERVES[endpoint['serves']]}: {endpoint['reason']}"
    if subnet["endpoints_wait_for"]:
        yield 2, "endpoint", f"others are possible{_waiting(subnet['endpoints_wait_for'])}"
    for service in subnet["services"]:
        yield 2, "service", f"{service['service']}: {service['text']}{_waiting(service['waits_for'])}"
    if subnet["addresses"]:
        yield 2, "addresses", subnet["addresses"]["text"]


def _existing(name: str, found: Json) -> str:
    state = {"seen": "", "missing": " (does not exist)", "unknown": " (not seen)"}[found["existence"]]
    return name + state


def _waiting(waits: Sequence[Mapping[str, str]]) -> str:
    if not waits:
        return ""
    named = (f"{one['name']} ({one['reason']})" if one["reason"] else one["name"] for one in waits)
    return f"; waits for {', '.join(dict.fromkeys(named))}"


def _rules(rules: Sequence[Json]) -> Iterator[_Line]:
    counts = Counter(rule["verdict"] for rule in rules)
    shown = (f"{label} {counts[verdict]}" for verdict, label in _VERDICTS.items() if counts[verdict])
    yield 0, "", f"{len(rules)} rules: {', '.join(shown)}"
    order = list(_VERDICTS)
    for rule in sorted(rules, key=lambda rule: order.index(rule["verdict"])):
        is_found = rule["verdict"] in ("violation", "unknown")
        about = f" ({rule['severity']}, stage {rule['stage']})" if is_found else ""
        yield 2, _VERDICTS[rule["verdict"]], f"{rule['id']}{about}: {rule['reason']}"
