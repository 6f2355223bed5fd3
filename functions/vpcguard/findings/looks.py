"""A decision over the facts, as one look per function: pure, for every trigger and for the command line.

What others fill (names, tags, evidence) is untrusted in length. DynamoDB takes items up to 400 KB and
transactions up to 4 MB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html):
within the bounds below, 49 findings of one function, all at their largest, still fit into one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from vpcguard.clock import rfc3339
from vpcguard.model import Change, Decision, Finding, Look, RuleDecision, Unknown, Violation, finding_id

OWNER_TAGS = ("vpcguard:owner", "owner")  # the first that is set counts
EVIDENCE_BYTES = 48 * 1024
MESSAGE_CHARACTERS = 4_000
TEXT_CHARACTERS = 500
TAGS_BYTES = 8 * 1024  # twenty tags as AWS allows them, in ASCII; of longer ones each value is cut short
SHORT_TAG = 32
CUT = "cut"  # key of the evidence that says what was left out
NOTES = 50

_TEXTS = (
    "account_name",
    "organization_unit",
    "function_arn",
    "vpc_id",
    "root_cause",
    "root_cause_name",
    "owner",
    "managed_by",
    "actor",
)
_STEPS = ((1_000, 100), (200, 20))  # (longest text, longest list) of each attempt to make evidence fit


def looks(
    decision: Decision,
    facts: Mapping[str, Any],
    *,
    snapshot_digest: str,
    captured_at: str,
    origins: Mapping[str, Change],
    trigger: str,
    tag_keys: Collection[str] = (),
    modified: Mapping[str, str] | None = None,
) -> list[Look]:
    """Return one look for every function of the facts, sorted by name; its findings are sorted by rule id.

    facts: the document of policies/schemas/input.json that the decision answers: it speaks of these functions
    alone, and a rule gives each of them one verdict at most (policy.deciding refuses any other answer).
    tag_keys: of the functions' tags that findings show, as the configuration lists them.
    modified: function name -> its LastModified, where it is known.
    origins: function name -> the change that led here; without one there is neither actor nor managed_by, and
    the look is kept with `trigger`.
    """
    account, functions = facts["account"], {function["name"]: function for function in facts["functions"]}
    stated: dict[str, list[tuple[RuleDecision, Violation | Unknown]]] = {name: [] for name in functions}
    unjudged: dict[str, set[str]] = {name: set() for name in functions}
    off: dict[str, set[str]] = {name: set() for name in functions}
    failed: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in functions}
    unread: dict[str, set[str]] = {name: set() for name in functions}
    applicable: dict[str, set[str]] = {name: set() for name in functions}
    for rule in sorted(decision.rules, key=attrgetter("id")):
        for violation in rule.violations:
            stated[violation.function].append((rule, violation))
        for unknown in rule.unknowns:
            stated[unknown.function].append((rule, unknown))
            unjudged[unknown.function].add(rule.id)
            if unknown.failed_reads:
                failed[unknown.function][rule.id] = unknown.failed_reads
                if set(unknown.failed_reads) == set(unknown.waits_for):
                    unread[unknown.function].add(rule.id)
        for name in rule.silent:
            unjudged[name].add(rule.id)
        for name in rule.off:
            off[name].add(rule.id)
        for name in rule.applies:
            applicable[name].add(rule.id)
    of_the_look = {
        "account_id": account["id"],
        "region": account["region"],
        "policy_revision": decision.policy_revision,
        "config_digest": decision.config_digest,
        "snapshot_digest": snapshot_digest,
    }
    keys = {key.lower() for key in tag_keys}
    tags_read = {
        one.get("subject"): one["status"] == "known"
        for one in facts["coverage"]
        if one["kind"] == "function_tags"
    }
    rule_ids = frozenset(rule.id for rule in decision.rules)
    found = []
    for name, function in sorted(functions.items()):
        origin = origins.get(name)
        tags = {tag["key"]: tag["value"] for tag in function["tags"]}
        of_the_function = {
            **of_the_look,
            "account_name": account.get("name"),
            "organization_unit": account.get("organization_unit"),
            "function_name": name,
            "function_arn": function["arn"],
            "vpc_id": function.get("vpc_id"),
            "owner": next((tags[key] for key in OWNER_TAGS if tags.get(key)), None),
            "tags": {key: value for key, value in tags.items() if key in keys}
            if tags_read.get(name, tags_read.get(None, False))
            else None,
            "managed_by": origin.managed_by if origin else None,
            "actor": origin.actor if origin else None,
            "first_seen": captured_at,
            "last_seen": captured_at,
            "changed_at": captured_at,
        }
        # no rule applies while AWS deletes a function, and nobody fixed its faults: its end resolves them
        is_going = str(function.get("state", "")).lower() == "deleting"
        found.append(
            Look(
                **of_the_look,
                function_name=name,
                judged_at=captured_at,
                trigger=origin.trigger if origin else trigger,
                actor=of_the_function["actor"],
                managed_by=of_the_function["managed_by"],
                event_time=rfc3339(origin.event_time) if origin else None,
                modified_at=(modified or {}).get(name),
                findings=tuple(_finding(of_the_function, rule, verdict) for rule, verdict in stated[name]),
                judged=frozenset() if is_going else rule_ids - off[name] - unjudged[name],
                off=frozenset(off[name]),
                retired=decision.retired,
                statements={rule.id: _statement(rule, verdict) for rule, verdict in stated[name]},
                organization_unit=account.get("organization_unit"),
                is_attached="vpc_id" in function,
                applicable=frozenset(applicable[name]),
                declared=decision.declared.get(name),
                failed_reads=failed[name],
                unread=frozenset(unread[name]),
            )
        )
    return found


def _finding(of_the_function: Mapping[str, Any], rule: RuleDecision, verdict: Violation | Unknown) -> Finding:
    """Return a finding; an unknown has the rule's own severity and doubt, and names what it waits for."""
    said: dict[str, Any]
    if isinstance(verdict, Violation):
        said = {
            "status": "open",
            "verdict": "violation",
            "opened_at": of_the_function["first_seen"],
            "confirmed_at": of_the_function["first_seen"],
            "title": verdict.title or rule.title,
            "advice": verdict.advice or rule.advice,
            "severity": verdict.severity,
            "evidence": verdict.evidence,
            "root_cause": verdict.root_cause,
            "root_cause_kind": verdict.root_cause_kind,
            "root_cause_account": verdict.root_cause_account,
            "root_cause_name": verdict.root_cause_name,
            "basis": verdict.basis,
        }
    else:
        said = {
            "status": "undetermined",
            "verdict": "unknown",
            "title": rule.doubt,
            "advice": verdict.advice,
            "severity": rule.severity,
            "evidence": {**verdict.evidence, "unknown": sorted(set(verdict.waits_for))},
            "root_cause": None,
            "basis": None,
        }
    return Finding(
        **of_the_function,
        **said,
        finding_id=finding_id(
            of_the_function["account_id"],
            of_the_function["region"],
            of_the_function["function_name"],
            rule.id,
        ),
        rule_id=rule.id,
        family=rule.family,
        stage=verdict.stage,
        message=verdict.message,
        status_reason=None,
        resolved_at=None,
        times_reopened=None,
        exemption_id=None,
        remediation_id=None,
    )


def _statement(rule: RuleDecision, verdict: Violation | Unknown) -> Any:
    """Return what a finding states: what its rule declares of the evidence, or what it waits for."""
    if isinstance(verdict, Unknown):
        return sorted(set(verdict.waits_for))
    stated: dict[str, Any] = {}
    for part in rule.statement:
        key, _, of_each = part.partition(".")
        value = verdict.evidence.get(key)
        stated[part] = [one.get(of_each) for one in value or ()] if of_each else value
    return stated


def bounded(finding: Finding) -> Finding:
    """Return the finding with every part that others fill cut to what can be stored."""
    texts: dict[str, Any] = {
        name: bounded_text(text) for name in _TEXTS if (text := getattr(finding, name)) is not None
    }
    for name in ("message", "advice"):
        texts[name] = bounded_text(getattr(finding, name), limit=MESSAGE_CHARACTERS)
    if finding.tags is not None:
        limit = TEXT_CHARACTERS if _size(finding.tags) <= TAGS_BYTES else SHORT_TAG
        texts["tags"] = {key: bounded_text(value, limit=limit) for key, value in finding.tags.items()}
    return replace(finding, evidence=bounded_evidence(finding.evidence), **texts)


def bounded_text(text: str, *, limit: int = TEXT_CHARACTERS) -> str:
    """Return a text that DynamoDB takes: at most `limit` characters, and valid UTF-8."""
    valid = text.encode(errors="replace").decode()  # half of a surrogate pair cannot be encoded
    return valid if len(valid) <= limit else valid[: limit - 1] + "…"


def bounded_evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence of at most EVIDENCE_BYTES; what had to go is named under the key "cut"."""
    kept = dict(evidence)
    notes: list[str] = []
    for longest_text, longest_list in _STEPS:
        if _size(kept) <= EVIDENCE_BYTES:
            return kept
        notes = []
        kept = {
            key: _shortened(value, longest_text, longest_list, path=key, notes=notes)
            for key, value in evidence.items()
        }
        kept[CUT] = _noted(notes)
    return kept if _size(kept) <= EVIDENCE_BYTES else _without_largest(kept, notes)


def _shortened(value: Any, longest_text: int, longest_list: int, *, path: str, notes: list[str]) -> Any:
    if isinstance(value, str) and len(value) > longest_text:
        notes.append(f"{path}: {longest_text} of {len(value)} characters")
        return bounded_text(value, limit=longest_text)
    if isinstance(value, list):
        if len(value) > longest_list:
            notes.append(f"{path}: {longest_list} of {len(value)} entries")
        kept = value[:longest_list]
        return [_shortened(one, longest_text, longest_list, path=f"{path}[]", notes=notes) for one in kept]
    if isinstance(value, dict):
        return {
            key: _shortened(one, longest_text, longest_list, path=f"{path}.{key}", notes=notes)
            for key, one in value.items()
        }
    return value


def _without_largest(evidence: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    left_out = []
    for key in sorted(evidence.keys() - {CUT}, key=lambda key: (-_size(evidence[key]), key)):
        left_out.append(f"{key}: left out")
        del evidence[key]
        evidence[CUT] = _noted([*left_out, *notes])
        if _size(evidence) <= EVIDENCE_BYTES:
            break
    return evidence


def _noted(notes: list[str]) -> list[str]:
    unique = [bounded_text(note, limit=120) for note in dict.fromkeys(notes)]
    return unique[:NOTES] + ([f"and {len(unique) - NOTES} more"] if len(unique) > NOTES else [])


def _size(value: Any) -> int:
    return len(json.dumps(value))  # as the table's JSON attribute writes it: ASCII, one byte a character
