"""Keeps a finding small enough to store: names, tags and whatever an account holds are untrusted in length.

DynamoDB takes items up to 400 KB and transactions up to 4 MB
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html). With these limits
49 findings of one function, all at their largest, still fit into one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vpcguard.model import Finding

EVIDENCE_BYTES = 48 * 1024
MESSAGE_CHARACTERS = 4_000
TEXT_CHARACTERS = 500
CUT = "cut"  # key of the evidence that says what was left out
NOTES = 50

_TEXTS = (
    "account_name",
    "organization_unit",
    "function_arn",
    "vpc_id",
    "root_cause",
    "owner",
    "managed_by",
    "actor",
)
_STEPS = ((1_000, 100), (200, 20))  # (longest text, longest list) of each attempt to make evidence fit


def bounded(finding: Finding) -> Finding:
    """Return the finding with every part that others fill cut to what can be stored."""
    texts: dict[str, Any] = {
        name: bounded_text(text) for name in _TEXTS if (text := getattr(finding, name)) is not None
    }
    message = bounded_text(finding.message, limit=MESSAGE_CHARACTERS)
    return replace(finding, message=message, evidence=bounded_evidence(finding.evidence), **texts)


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
