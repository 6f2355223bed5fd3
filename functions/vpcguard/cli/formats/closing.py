"""The last lines of a table: counts, what does not apply, what was not read and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vpcguard.cli.report import Report, Unread
from vpcguard.cli.visible import visible
from vpcguard.model import Severity


def paragraphs(report: Report) -> list[str]:
    """Return the lines, unwrapped, everything invisible spelled out."""
    return [visible(line) for line in _lines(report)]


def _lines(report: Report) -> Iterator[str]:
    for looked in report.looked:
        yield (
            f"Judged {_number(len(looked.functions), 'function')} of {looked.account_id} in {looked.region} "
            f"by {_number(looked.rules, 'rule')}, as read at {looked.captured_at} "
            f"(policies {looked.policy_revision})."
        )
    yield from counts(report)
    waiting = report.waiting_for()
    if waiting:
        yield "Undetermined verdicts wait for: " + ", ".join(f"{k} ({n})" for k, n in waiting.items()) + "."
    for looked in report.looked:
        if looked.not_applicable:
            number = _number(len(looked.not_applicable), "function")
            where = f"{number} of {looked.account_id} in {looked.region}"
            yield f"Not applicable: no rule speaks about {where}: {', '.join(looked.not_applicable)}."
    if not report.unread:
        yield "Everything asked of AWS was answered."
    yield from unread_lines(report.unread)


def counts(report: Report) -> Iterator[str]:
    """Yield how many findings are open, and how many verdicts could not be reached."""
    yield f"Open: {_counts(report.counts('open'))}."
    yield f"Undetermined: {_counts(report.counts('undetermined'))}."


def unread_lines(unread: Iterable[Unread]) -> Iterator[str]:
    """Yield a line for each read that failed, everything invisible spelled out."""
    for one in unread:
        yield visible(f"Not read: {_unread(one)}")


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _counts(counts: Mapping[Severity, int]) -> str:
    return ", ".join(f"{number} {severity}" for severity, number in counts.items()) or "none"


def _unread(unread: Unread) -> str:
    about = f" of {unread.subject}" if unread.subject else ""
    why = (
        f"{unread.code}: {unread.message}"
        if unread.code
        else "neither answered nor refused, and verdicts rest on it"
    )
    return f"{unread.operation}{about} in {unread.account_id} {unread.region}: {why}"
