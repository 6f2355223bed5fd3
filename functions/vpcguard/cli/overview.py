"""What an audit found, in one page: totals, what to repair first, what is not known, the next step."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from vpcguard.aws.codes import FORBIDDEN
from vpcguard.cli.output import visible
from vpcguard.cli.render import FALLBACK_WIDTH, Row, laid_out, named, one_line
from vpcguard.cli.report import SEVERITIES, Report, Unread, left_out_lines, not_read, number
from vpcguard.findings.causes import Cause, Waiting, abridged, causes_of, waiting_of
from vpcguard.model import Severity

MOST_LINES = 79  # of a page of 100 columns, as far as a line for each sentence allows
MOST_CAUSES = 15
_MOST_WAITING, _MOST_UNREAD, _MOST_LOOKED, _MOST_LEFT_OUT = 5, 6, 3, 3
STYLES = ("bold white on red", "bold red", "yellow", "cyan", "dim")  # of severities, worst first
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, FunctionName
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a report is shown to people. is_detailed: every finding too, and no cause left out.

    again: options that let `explain` see what this audit saw. is_live: those and --region. program: how the
    command is called.
    """

    is_detailed: bool = False
    again: tuple[str, ...] = ()
    is_live: bool = False
    program: str = "vpcguard"


def page(report: Report, view: View, width: int) -> tuple[list[Text], list[Text]]:
    """Return the lines of a report, and those of the next step; 14 causes are less than 80 at 100 columns."""
    causes = causes_of(report.findings)
    step = next_step(causes, report, view, width)
    rows = [
        *_head(report, causes),
        *_totals(report, width),
        *cause_rows(causes, width, view=view, places=[(one.account_id, one.region) for one in report.looked]),
        *_waiting_rows(report),
        *_unread_rows(report),
        *_others(report, width, view),
    ]
    most_lines = max(MOST_LINES * FALLBACK_WIDTH // width, MOST_LINES)
    return list(laid_out(rows, width, most_lines - 1 - len(step))), step


def headline(*, functions: int, vpcs: int, at_fault: int, causes: int) -> str:
    """Return what was found in one line: "38 functions, 12 VPCs: 27 with findings, 14 causes"."""
    found = f"{at_fault:,} with findings, {number(causes, 'cause')}" if at_fault else "none with findings"
    return f"{number(functions, 'function')}, {number(vpcs, 'VPC')}: {found}"


def next_step(causes: Sequence[Cause], report: Report, view: View, width: int) -> list[Text]:
    """Return the last line: what to do next, where it is a command one that can be pasted."""
    # what anybody else wrote is in no command
    names = ((cause, name) for cause in causes for name in cause.functions if _FUNCTION_NAME.fullmatch(name))
    if found := next(names, None):
        cause, name = found
        region = ("--region", cause.region) if view.is_live else ()
        return _command([view.program, "explain", name, *region, *view.again], width)
    if report.unread:
        text = "grant what could not be read, and audit again."
    elif report.counts("undetermined"):
        text = "settle what is not known, and audit again."
    elif any(looked.functions for looked in report.looked):
        text = "nothing to repair in what was judged."
    else:
        text = "check account and region, and audit again."
    return list(laid_out([Row(Text("Next: ", "bold"), text, is_whole=True)], width, 1))


def _command(words: Sequence[str], width: int) -> list[Text]:
    """Return a command; where it takes several lines, as a shell takes them."""
    lines = ["Next:"]
    for word in map(shlex.quote, map(visible, words)):
        if len(lines[-1]) + len(word) + 3 > width and lines[-1].strip():
            lines[-1] += " \\"
            lines.append("     ")
        lines[-1] += f" {word}"
    return [Text(line, "bold") for line in lines]


# ---- what was judged ----


def _head(report: Report, causes: Sequence[Cause]) -> Iterator[Row]:
    functions = sum(len(looked.functions) for looked in report.looked)
    if not functions:
        where = ", ".join(f"{looked.account_id} {looked.region}" for looked in report.looked)
        is_listed = not any(one.operation == "lambda:ListFunctions" for one in report.unread)
        why = "has no function" if is_listed else "could not list its functions"
        said = f"NOTHING WAS JUDGED: {where} {why}." if where else "NOTHING WAS JUDGED: nothing was read."
        yield Row(Text(), said, "bold red", is_whole=True)
    else:
        vpcs = {vpc_id for looked in report.looked for vpc_id in looked.vpc_ids}
        open_ones = [one for one in report.findings if one.status == "open"]
        at_fault = {(one.account_id, one.region, one.function_name) for one in open_ones}
        said = headline(functions=functions, vpcs=len(vpcs), at_fault=len(at_fault), causes=len(causes))
        if unsettled := sum(report.counts("undetermined").values()):
            said += f"; {number(unsettled, 'verdict')} undetermined"
        yield Row(Text(), said, "bold", is_whole=True)
    for looked in report.looked[:_MOST_LOOKED]:
        text = (
            f"Judged {number(len(looked.functions), 'function')} of {looked.account_id} in {looked.region} "
            f"by {number(looked.rules, 'rule')}, as read at {looked.captured_at[:19]}Z."
        )
        yield Row(Text(), text, "dim", is_whole=True)
    if len(report.looked) > _MOST_LOOKED:
        others = report.looked[_MOST_LOOKED:]
        judged = number(sum(len(one.functions) for one in others), "function")
        yield Row(Text(), f"Judged {judged} in {len(others)} other regions.", "dim")


def _totals(report: Report, width: int) -> Iterator[Row]:
    """One line for each family of rules; a 0 is said only of what was judged and is settled."""
    applied: Counter[str] = Counter()
    for looked in report.looked:
        applied.update(looked.families)
    if not any(applied.values()):
        return
    counted = Counter((one.family, one.severity, one.status == "open") for one in report.findings)
    heads = [*SEVERITIES, "undetermined"]
    longest = min(max(map(len, applied)), max(width - sum(len(one) + 2 for one in heads), 8))
    yield Row(Text())
    yield Row(Text(" " * longest + "".join(f"  {head}" for head in heads), "dim"))
    for family in sorted(applied):
        line = Text(f"{one_line(family)[:longest]:<{longest}}", "bold")
        cells = [_cell(counted, family, severity, applied[family]) for severity in SEVERITIES]
        unsettled = sum(counted[family, severity, False] for severity in SEVERITIES)
        cells.append((f"{unsettled:,}" if applied[family] else "-", "" if unsettled else "dim"))
        for head, (text, style) in zip(heads, cells, strict=True):
            line.append(f"  {text:>{len(head)}}", style)
        yield Row(line)
    yield Row(Text(" " * longest + "  0 clean, ? undetermined, - not applicable", "dim"))


def _cell(
    counted: Counter[tuple[str, Severity, bool]], family: str, severity: Severity, of: int
) -> tuple[str, str]:
    if found := counted[family, severity, True]:
        return f"{found:,}", STYLES[SEVERITIES.index(severity)]
    if counted[family, severity, False]:
        return "?", "bold"
    return ("0" if of else "-"), "dim"


# ---- what to repair ----


def cause_rows(
    causes: Sequence[Cause], width: int, *, view: View, places: Sequence[tuple[str, str]]
) -> Iterator[Row]:
    """Yield an entry for each cause: what it is, whom it concerns, what is wrong, the repair.

    places: accounts and regions that were looked at; where it is just one, a cause in it does not name it.
    """
    if causes:
        yield Row(Text())
    shown = causes if view.is_detailed else causes[:MOST_CAUSES]
    for cause in shown:
        yield from _entry(cause, width, is_placed=[*places] != [(cause.account_id, cause.region)])
    if others := causes[len(shown) :]:
        by_severity = Counter(one.severity for one in others)
        counts = ", ".join(f"{by_severity[one]:,} {one}" for one in SEVERITIES if by_severity[one])
        yield Row(Text("And "), f"{number(len(others), 'more cause')} ({counts}): --details.", is_whole=True)


def _entry(cause: Cause, width: int, *, is_placed: bool) -> Iterator[Row]:
    style = STYLES[SEVERITIES.index(cause.severity)]
    head = Text.assemble((cause.severity.upper(), style), " ", (_resource(cause), "bold"))
    if is_placed:
        head.append(f" [{one_line(cause.account_id)} {one_line(cause.region)}]")
    of_worst = cause.severities[cause.severity]
    told = f", {number(len(cause.functions), 'function')}"
    mixed = f" ({of_worst:,} {cause.severity})" if of_worst != len(cause.functions) else ""
    head.append(f"{told}{mixed}: ")
    names = named(cause.functions, width - head.cell_len)
    if head.cell_len + cell_len(names) > width:
        names = named(cause.functions, width - 4)  # on a line of their own, for the most part
    yield Row(head, names, is_whole=True)
    message, advice = (_without_name(cause, one_line(text)) for text in (cause.message, cause.advice))
    start = f"  {one_line(cause.rule_id)}: "
    yield Row(Text(start), message if cell_len(start + message) <= width else abridged(message))
    start = "  Repair: " if cause.same_advice else "  Repair (it differs by function): "
    yield Row(Text(start, "bold"), advice)


def _without_name(cause: Cause, text: str) -> str:
    """Return a text without the Name tag of the cause, which stands above it."""
    named_one = f"{cause.root_cause} ({cause.name})"
    return text.replace(named_one, cause.root_cause) if cause.root_cause and cause.name else text


def _resource(cause: Cause) -> str:
    """Return what is to be repaired, with its Name tag; without one resource, the network."""
    if cause.root_cause is None:
        return one_line(cause.vpc_id) if cause.vpc_id else "outside a VPC"
    kind = "role " if cause.kind == "role" else ""  # the ids of all others say what they are
    name = f" ({one_line(cause.name)})" if cause.name else ""
    return f"{kind}{one_line(cause.root_cause)}{name}"


# ---- what is not known ----


def _waiting_rows(report: Report) -> Iterator[Row]:
    """Yield what undetermined verdicts wait for, but for reads that failed: those are said once, below."""
    failed = {one.operation for one in report.unread}
    waiting = [one for one in waiting_of(report.findings) if one.waits_for not in failed]
    if not waiting:
        return
    yield Row(Text())
    yield Row(Text("Not known, because of", "bold"))
    for one in waiting[:_MOST_WAITING]:
        yield Row(
            Text(f"? {one_line(one.waits_for)}", "bold"), f": {_counted(one)}. {one.advice}", is_whole=True
        )
    if others := waiting[_MOST_WAITING:]:
        yield Row(Text("? "), f"and {len(others)} more: --details.")


def _counted(waiting: Waiting) -> str:
    return f"{number(waiting.verdicts, 'verdict')} on {number(len(waiting.functions), 'function')}"


def _unread_rows(report: Report) -> Iterator[Row]:
    """Yield each read that failed, once, with what waits for it; then what to grant for all of them."""
    if not report.unread:
        return
    waiting = {one.waits_for: one for one in waiting_of(report.findings)}
    groups: defaultdict[tuple[str, str, str | None], list[Unread]] = defaultdict(list)
    for one in report.unread:
        groups[one.account_id, one.operation, one.code].append(one)
    yield Row(Text())
    for (_, operation, _), ones in [*groups.items()][:_MOST_UNREAD]:
        waits = f", and {_counted(waiting[operation])} wait for it" if operation in waiting else ""
        also = f", alike of {len(ones) - 1:,} more" if len(ones) > 1 else ""
        text = not_read(ones[0]).removeprefix("Not read: ")
        yield Row(Text(f"Not read{also}{waits}: ", "bold red"), text, is_whole=True)
    if others := [*groups][_MOST_UNREAD:]:
        named_ones = ", ".join(sorted({operation for _, operation, _ in others}))
        yield Row(Text("Not read: ", "bold red"), f"{len(others)} more: {named_ones}", is_whole=True)
    missing: defaultdict[str, set[str]] = defaultdict(set)
    for one in report.unread:
        if one.code in FORBIDDEN:
            missing[one.account_id].add(one.operation)
    for account_id, operations in missing.items():
        text = f"{', '.join(sorted(operations))} to the role that reads {account_id}."
        yield Row(Text("Grant "), text, is_whole=True)


def _others(report: Report, width: int, view: View) -> Iterator[Row]:
    outside = [name for looked in report.looked for name in looked.not_applicable]
    if outside:
        start = f"Not applicable: no rule speaks about {number(len(outside), 'function')}: "
        yield Row(Text(start), named(outside, width - cell_len(start)))
    lines = left_out_lines(report.left_out)
    shown = lines if view.is_detailed else lines[: 1 + _MOST_LEFT_OUT]
    for line in shown:
        yield Row(Text(), line)
    if len(lines) > len(shown):
        yield Row(Text(), f"Left out: {len(lines) - len(shown):,} more: --details.")
