"""What the hub recorded, as text for people and rows for programs. Pure: documents in, lines out.

Documents come from a table or from a server: a field that is missing is shown as one that is not known.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO, get_args

from rich.text import Text

from vpcguard.cli.output import visible
from vpcguard.cli.overview import STYLES
from vpcguard.cli.render import Line, Row, columns, laid_out, one_line, page_width, write_lines, write_page
from vpcguard.cli.report import SEVERITIES, number
from vpcguard.model import Finding, Status

Json = Mapping[str, Any]
STATUSES: tuple[Status, ...] = get_args(Status)
FINDING_FIELDS = Finding.__slots__
# what a spreadsheet takes for the beginning of a formula, the wide forms included
# (https://owasp.org/www-community/attacks/CSV_Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_UNKNOWN = "not known"


# ---- for programs ----


def jsonl(documents: Iterable[Json], stream: TextIO) -> None:
    """Write one document a line, ASCII only, so that no locale can change a byte."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for document in documents:
        stream.write(encode(document) + "\n")


def csv_rows(documents: Iterable[Json], fields: Sequence[str], stream: TextIO, *, has_head: bool) -> None:
    """Write rows that a spreadsheet shows and never runs; what is no text is JSON, what is not known empty.

    A record is one line: what is invisible, line breaks included, is spelled out.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    if has_head:
        writer.writerow(fields)
    writer.writerows([_cell(document.get(field)) for field in fields] for document in documents)
    stream.write(text.getvalue().replace("\r\n", "\n"))  # as the other formats; spreadsheets take both


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return f"'{visible(text)}" if text.lstrip(" ").startswith(_FORMULA) else visible(text)


# ---- findings for people ----


def write_listing(findings: Sequence[Json], stream: TextIO, *, again: str) -> None:
    """Write three lines or more for each finding, worst first, and how many there are.

    again: the command that shows one of them, but for the id.
    """
    ordered = sorted(findings, key=_in_order)
    rows = [Row(Text(_counted(ordered), "bold"))]
    for finding in ordered:
        rows += [Row(Text()), *_entry(finding)]
    if ordered:
        rows += [
            Row(Text()),
            Row(Text("Next: ", "bold"), f"{again} {_text(ordered[0], 'finding_id')}", "bold"),
        ]
    width = page_width()
    write_page(laid_out(rows, width, 4 * len(rows)), stream)


def _counted(findings: Sequence[Json]) -> str:
    if not findings:
        return "No findings."
    counts = Counter(_text(one, "status") for one in findings)
    by_status = ", ".join(f"{counts[status]:,} {status}" for status in sorted(counts, key=_rank_of_status))
    return f"{number(len(findings), 'finding')}: {by_status}"


def _entry(finding: Json) -> Iterator[Row]:
    severity = _text(finding, "severity")
    head = Text.assemble(
        (severity.upper(), _style(severity)),
        f" {_state(finding)} {_text(finding, 'rule_id')} ",
        (_text(finding, "function_name"), "bold"),
        " ",
    )
    yield Row(head, f"[{_text(finding, 'account_id')} {_text(finding, 'region')}]", is_whole=True)
    yield Row(Text("  "), _text(finding, "message"))
    told = [f"since {_moment(finding.get('opened_at') or finding.get('first_seen'))}"]
    told += [f"{word} {one_line(str(finding[name]))}" for word, name in _ASIDE if finding.get(name)]
    yield Row(Text("  "), ", ".join(told), "dim", is_whole=True)
    yield Row(Text("  "), _text(finding, "finding_id"), "dim", is_whole=True)


_VERDICTS = {"violation": "still violated", "unknown": "in doubt", "pass": "passing"}


def _style(severity: str) -> str:
    return STYLES[SEVERITIES.index(severity)] if severity in SEVERITIES else ""


_ASIDE = (("cause", "root_cause"), ("owner", "owner"), ("exempt by", "exemption_id"))


def _state(finding: Json) -> str:
    """Return the status, with its reason, and the verdict where that is not what the status says."""
    status = _text(finding, "status")
    reason = f" ({_text(finding, 'status_reason')})" if finding.get("status_reason") else ""
    verdict = _known(finding, "verdict")
    is_told = status == "exempt" or (status == "open" and verdict != "violation")
    beside = f" ({_VERDICTS.get(verdict, verdict)})" if is_told and verdict else ""
    return f"{status}{reason}{beside}"


def write_finding(finding: Json, stream: TextIO) -> None:
    """Write all that is known of one finding."""
    head = f"{_text(finding, 'severity').upper()} {_state(finding)} {_text(finding, 'rule_id')}: "
    write_lines([Line(_text(finding, "title"), head, 2, "bold")], stream)
    rows = [("  " + label, text) for label, text in _told(finding) if text]
    write_lines(columns(rows), stream)
    if evidence := finding.get("evidence"):
        write_lines([Line("evidence", "  ")], stream)
        lines = json.dumps(evidence, indent=2, ensure_ascii=False).splitlines()
        write_lines(
            (Line(line.lstrip(" "), " " * (4 + _blanks(line)), 6 + _blanks(line)) for line in lines), stream
        )


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _told(finding: Json) -> Iterator[tuple[str, str]]:
    place = [finding.get(name) for name in ("account_name", "organization_unit", "region")]
    named = ", ".join(one_line(str(one)) for one in (finding.get("account_id"), *place) if one)
    yield "function", _text(finding, "function_name")
    yield "where", named
    yield "VPC", _known(finding, "vpc_id")
    yield "what", _text(finding, "message")
    yield "repair", _known(finding, "advice")
    yield "cause", _cause(finding)
    yield "doubt", _doubt(finding)
    yield "owner", _known(finding, "owner")
    tags = finding.get("tags") or {}
    yield "tags", ", ".join(f"{one_line(str(key))}={one_line(str(tags[key]))}" for key in sorted(tags))
    made = [_known(finding, name) for name in ("actor", "managed_by")]
    yield "by", ", ".join(one for one in made if one)
    yield "exempt by", _known(finding, "exemption_id")
    yield "first seen", _moment(finding.get("first_seen"))
    yield "opened", _moment(finding.get("opened_at")) + _reopened(finding)
    yield "confirmed", _moment(finding.get("confirmed_at"))
    yield "last seen", _moment(finding.get("last_seen"))
    yield "changed", _moment(finding.get("changed_at"))
    yield "resolved", _moment(finding.get("resolved_at")) if finding.get("resolved_at") else ""
    yield "policies", _known(finding, "policy_revision")
    yield "config", _known(finding, "config_digest")
    yield "snapshot", _known(finding, "snapshot_digest")
    yield "id", _text(finding, "finding_id")


def _reopened(finding: Json) -> str:
    times = finding.get("times_reopened")
    return f", reopened {times:,} time{'' if times == 1 else 's'}" if isinstance(times, int) and times else ""


def _cause(finding: Json) -> str:
    if not finding.get("root_cause"):
        return ""
    name = f" ({_text(finding, 'root_cause_name')})" if finding.get("root_cause_name") else ""
    owner = finding.get("root_cause_account")
    of_other = f" of account {one_line(str(owner))}" if owner and owner != finding.get("account_id") else ""
    return f"{_text(finding, 'root_cause')}{name}{of_other}"


def _doubt(finding: Json) -> str:
    """Return what the latest look could not judge of a finding that it leaves open."""
    evidence = finding.get("evidence")
    doubt = evidence.get("undetermined") if isinstance(evidence, Mapping) else None
    if not isinstance(doubt, Mapping):
        return ""
    return f"since {_moment(doubt.get('since'))}: {one_line(str(doubt.get('message')))}"


def write_history(entries: Sequence[Json], stream: TextIO) -> None:
    """Write a line or more for each change, newest first."""
    if not entries:
        stream.write("No changes are kept.\n")
        return
    rows = [(_moment(one.get("changed_at")), _text(one, "change"), _changed(one)) for one in entries]
    write_lines(columns(rows), stream)


def _changed(entry: Json) -> str:
    """Return what became of a finding with one change, and what led to it."""
    before, after = entry.get("status_before"), _text(entry, "status")
    said = f"{one_line(str(before))} -> {after}" if before else after
    if entry.get("status_reason"):
        said += f" ({_text(entry, 'status_reason')})"
    said += f", {_text(entry, 'severity')}"
    if entry.get("exemption_id"):
        said += f", exemption {_text(entry, 'exemption_id')}"
    by = f", by {_text(entry, 'actor')}" if entry.get("actor") else ""
    return f"{said}{by}; {_text(entry, 'trigger')}"


# ---- what findings have in common ----


def write_causes(causes: Sequence[Json], stream: TextIO, *, again: str) -> None:
    """Write what is to be repaired, worst first. again: the command that lists findings, but for the id."""
    if not causes:
        stream.write("No causes.\n")
        return
    ordered = sorted(causes, key=_worst_first)
    rows = [Row(Text(number(len(ordered), "cause"), "bold"))]
    for cause in ordered:
        rows += [Row(Text()), *_cause_entry(cause)]
    rows += [Row(Text()), Row(Text("Next: ", "bold"), f"{again} {_text(ordered[0], 'cause_id')}", "bold")]
    write_page(laid_out(rows, page_width(), 4 * len(rows)), stream)


def _cause_entry(cause: Json) -> Iterator[Row]:
    counts = _severities(cause)
    worst = next(iter(counts), "")
    name = f" ({_text(cause, 'root_cause_name')})" if cause.get("root_cause_name") else ""
    head = Text.assemble(
        (worst.upper() or "EXEMPT", _style(worst)),
        " ",
        (f"{_text(cause, 'root_cause')}{name}", "bold"),
        f" [{_text(cause, 'owner_id')} {_text(cause, 'region')}]: ",
    )
    found = [f"{count:,} {severity}" for severity, count in counts.items()]
    found += [f"{cause['exempt']:,} exempt"] if cause.get("exempt") else []
    accounts = cause.get("accounts")
    several = f" in {len(accounts):,} accounts" if isinstance(accounts, list) and len(accounts) > 1 else ""
    yield Row(head, f"{', '.join(found)}{several}", is_whole=True)
    yield Row(Text("  "), f"{_text(cause, 'rule_id')}: {_text(cause, 'title')}")
    yield Row(Text("  "), _text(cause, "cause_id"), "dim", is_whole=True)


def _severities(cause: Json) -> dict[str, int]:
    """Return a cause's open findings by severity, worst first, zeros left out."""
    counted = cause.get("open")
    counted = counted if isinstance(counted, Mapping) else {}
    return {severity: counted[severity] for severity in SEVERITIES if counted.get(severity)}


def _worst_first(cause: Json) -> tuple[Any, ...]:
    counts = _severities(cause)
    rank = min((SEVERITIES.index(one) for one in SEVERITIES if one in counts), default=len(SEVERITIES))
    return rank, -sum(counts.values()), _text(cause, "root_cause"), _text(cause, "cause_id")


def write_coverage(waiting: Sequence[Json], stream: TextIO) -> None:
    """Write each read that failed, and what waits for it, most verdicts first."""
    if not waiting:
        stream.write("No read failed that a verdict waits for.\n")
        return
    rows = []
    for one in sorted(waiting, key=lambda one: (-int(one.get("verdicts") or 0), *_place(one))):
        verdicts, functions = (int(one.get(name) or 0) for name in ("verdicts", "functions"))
        counted = f"{number(verdicts, 'verdict')} on {number(functions, 'function')}"
        place = " ".join(_place(one)[:2])
        since = _moment(one.get("changed_at"))
        rows.append((place, _text(one, "operation"), f"{counted} wait for it, as of {since}"))
    write_lines(columns(rows), stream)


def _place(one: Json) -> tuple[str, str, str]:
    return _text(one, "account_id"), _text(one, "region"), _text(one, "operation")


def write_summary(summary: Json, stream: TextIO) -> None:
    """Write how many findings are not resolved, by status, severity and rule."""
    counted = [_counts(summary.get(name), order) for name, order in _TOTALS]
    said = [f"{number(int(summary.get('findings') or 0), 'finding')} not resolved"]
    said += [text for text in counted if text]
    write_lines([Line("; ".join(said), "", 2, "bold")], stream)
    by_rule = summary.get("by_rule")
    if isinstance(by_rule, Mapping) and by_rule:
        rules = sorted(by_rule.items())
        write_lines(columns([(one_line(rule), _counts(found, STATUSES)) for rule, found in rules]), stream)


_TOTALS = (("by_status", STATUSES), ("by_severity", SEVERITIES))


def _counts(counted: object, order: Sequence[str]) -> str:
    if not isinstance(counted, Mapping):
        return ""
    return ", ".join(f"{counted[name]:,} {name}" for name in order if counted.get(name))


# ---- words ----


def moment(value: object) -> str:
    """Return a time to the second, for people; what is none as it stands."""
    return _moment(value)


def _moment(value: object) -> str:
    if not isinstance(value, str):
        return "never" if value is None else one_line(str(value))
    date, separator, time = value.partition("T")
    return f"{one_line(date)} {one_line(time[:8])}Z" if separator and value.endswith("Z") else one_line(value)


def _known(document: Json, name: str) -> str:
    value = document.get(name)
    return "" if value is None else one_line(str(value))


def _text(document: Json, name: str) -> str:
    return _known(document, name) or _UNKNOWN


def _rank_of_status(status: str) -> int:
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)


def _in_order(finding: Json) -> tuple[Any, ...]:
    severity = finding.get("severity")
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
    named = [_text(finding, name) for name in ("function_name", "rule_id", "account_id", "region")]
    return _rank_of_status(_text(finding, "status")), rank, *named
