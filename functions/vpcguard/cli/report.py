"""What one audit has to say, ready to be shown: findings, what does not apply, what was not read.

Pure: made from judgements, turned into text by `formats`, and into an exit code here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from vpcguard.audit.judging import Judgement, failed_reads
from vpcguard.aws.answers import LeftOut
from vpcguard.aws.codes import PARTIAL, is_not_found_code
from vpcguard.cli.output import DONE, FINDINGS, READ_FAILED, visible
from vpcguard.model import Decision, Finding, Severity, Snapshot, Status

SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # worst first

_LIST, _ONE = "lambda:ListFunctions", "lambda:GetFunctionConfiguration"
_OPERATION = re.compile(r"[a-z0-9-]+:[A-Z]\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One AWS read that failed, in plain words.

    code and message are AWS's own; None where the operation was neither answered nor refused, and
    a verdict waits for it. subject: the resource it was asked about, None for the whole operation.
    """

    account_id: str
    region: str
    operation: str
    subject: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One account and region as it was judged; not_applicable: functions no rule speaks about.

    vpc_ids: the VPCs of its functions. families: of each family of rules, how many functions it applies to.
    """

    account_id: str
    region: str
    captured_at: str
    snapshot_digest: str
    policy_revision: str
    config_digest: str
    functions: tuple[str, ...]
    rules: int
    not_applicable: tuple[str, ...]
    vpc_ids: tuple[str, ...] = ()
    families: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one command line audit found. Findings are sorted by function name, then rule id.

    left_out: what AWS answered and nobody can use; no read failed, so that no exit code speaks of it.
    failed_rules: as of Decision.
    """

    looked: tuple[Looked, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    left_out: tuple[LeftOut, ...] = ()
    failed_rules: Mapping[str, str] = field(default_factory=dict)

    def missing_functions(self, wanted: Iterable[str]) -> list[str]:
        """Return those of the named functions that were in none of the places looked at."""
        found = {name for looked in self.looked for name in looked.functions}
        return sorted(set(wanted) - found)

    def counts(self, status: Status) -> dict[Severity, int]:
        """Return how many findings of a status there are by severity, worst first, zeros left out."""
        found = Counter(finding.severity for finding in self.findings if finding.status == status)
        return {severity: found[severity] for severity in SEVERITIES if found[severity]}

    def waiting_for(self) -> dict[str, int]:
        """Return the operations and targets that undetermined findings wait for, with their number."""
        found = Counter(
            str(target)
            for finding in self.findings
            if finding.status == "undetermined"
            for target in finding.evidence.get("unknown", ())
        )
        return dict(sorted(found.items()))

    def exit_code(self, fail_on: Severity | None) -> int:
        """Return the exit code of an audit that ran to its end: see `output`."""
        if self.unread:
            return READ_FAILED
        if fail_on is None:
            return DONE
        failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        return FINDINGS if any(severity in failing for severity in self.counts("open")) else DONE


# ---- from judgements ----


def merged(reports: list[Report]) -> Report:
    """Return one report of several account-regions, findings sorted as in each of them."""
    findings = [finding for report in reports for finding in report.findings]
    return Report(
        looked=tuple(looked for report in reports for looked in report.looked),
        findings=tuple(sorted(findings, key=_order)),
        unread=tuple(unread for report in reports for unread in report.unread),
        left_out=tuple(one for report in reports for one in report.left_out),
        failed_rules={rule_id: why for one in reports for rule_id, why in one.failed_rules.items()},
    )


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return finding.function_name, finding.rule_id, finding.account_id, finding.region


def report_of(judgement: Judgement, *, only: Iterable[str] = ()) -> Report:
    """Return the report of one account and region; only: function names, none: all of them.

    unread: what AWS refused, and what was neither answered nor refused although a verdict waits for it.
    """
    decision, snapshot = judgement.decision, judgement.snapshot
    wanted = frozenset(only) or frozenset(judgement.functions)
    functions = [name for name in judgement.functions if name in wanted]
    by_family = _spoken_of(decision)
    spoken_of = frozenset().union(*by_family.values())
    looked = Looked(
        account_id=snapshot.account_id,
        region=snapshot.region,
        captured_at=snapshot.captured_at,
        snapshot_digest=judgement.digest,
        policy_revision=decision.policy_revision,
        config_digest=decision.config_digest,
        functions=tuple(functions),
        rules=len(decision.rules),
        not_applicable=tuple(name for name in functions if name not in spoken_of),
        vpc_ids=tuple(sorted({judgement.vpc_ids[name] for name in functions if name in judgement.vpc_ids})),
        families={family: len(names & wanted) for family, names in sorted(by_family.items())},
    )
    findings = [
        finding for look in judgement.looks if look.function_name in wanted for finding in look.findings
    ]
    refused = refused_reads(snapshot)
    missing = _waited_for(decision, wanted) | _unlisted(snapshot)
    return Report(
        looked=(looked,),
        findings=tuple(findings),
        unread=(*refused, *missing_reads(missing, refused, snapshot)),
        left_out=judgement.left_out,
        failed_rules=decision.failed_rules,
    )


def _spoken_of(decision: Decision) -> dict[str, set[str]]:
    """Return by family of rules the functions that one of its rules speaks about."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for rule in decision.rules:
        of_it = found[rule.family]
        of_it.update(rule.applies, rule.silent, (one.function for one in rule.violations))
        of_it.update(one.function for one in rule.unknowns)
    return found


def _waited_for(decision: Decision, wanted: frozenset[str]) -> set[str]:
    """What undetermined verdicts wait for where a read failed: operations, not opaque targets."""
    found: set[str] = set()
    for rule in decision.rules:
        for unknown in rule.unknowns:
            if unknown.is_failed_read and unknown.function in wanted:
                found.update(operations_of(unknown.waits_for))
    return found


def _unlisted(snapshot: Snapshot) -> set[str]:
    """Nobody was judged because nobody was listed: no verdict can say so, and it must not look like peace."""
    reads = snapshot.own
    is_told = _LIST in {*reads.answers, *reads.failures, *snapshot.not_requested}
    return set() if is_told or reads.answers.get(_ONE) else {_LIST}


def operations_of(waits_for: Sequence[str]) -> Sequence[str]:
    """Return the AWS operations among what an undetermined verdict waits for; all of it if there is none."""
    return [name for name in waits_for if _OPERATION.fullmatch(name)] or waits_for


def refused_reads(snapshot: Snapshot) -> list[Unread]:
    """Return what AWS refused to a snapshot."""
    return [
        Unread(
            account_id=read.account_id,
            region=snapshot.region,
            operation=read.operation,
            subject=read.subject,
            code=read.failure.code,
            message=read.failure.message,
        )
        for read in failed_reads(snapshot)
        # neither an absence nor an answer kept in part on purpose is a read that failed
        if not (is_not_found_code(read.failure.code) or read.failure.code == PARTIAL)
    ]


def missing_reads(awaited: Iterable[str], refused: Iterable[Unread], snapshot: Snapshot) -> Iterator[Unread]:
    """Yield the operations that verdicts wait for and that were not refused, but not answered either."""
    for operation in sorted({*awaited} - {one.operation for one in refused}):
        yield Unread(account_id=snapshot.account_id, region=snapshot.region, operation=operation)


# ---- in words ----


def left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    """Return a line that counts what was answered and cannot be used, then one for each of it; or none."""
    if not left_out:
        return []
    count = f"Left out: {number(len(left_out), 'resource')} that AWS answered without what judging takes."
    return [count, *(visible(f"Left out: in {one.account_id} {one.reason}.") for one in left_out)]


def failed_rule_lines(failed_rules: Mapping[str, str]) -> list[str]:
    """Return a line for each rule of one's own that failed: which, why, and what to do."""
    return [
        visible(
            f"Your rule {rule_id} failed, and nothing is known of the functions it was asked about: {why}. "
            f"Mend it (`vpcguard rules test DIR` runs its tests), or switch it off: "
            f"rules.{rule_id}.enabled: false"
        )
        for rule_id, why in sorted(failed_rules.items())
    ]


def unread_lines(unread: Iterable[Unread]) -> list[str]:
    """Return a line for each read that failed, or the line that says that none did."""
    return [not_read(one) for one in unread] or ["Everything asked of AWS was answered."]


def not_read(unread: Unread) -> str:
    """Return what was not read and why, as one line with everything invisible spelled out."""
    about = f" of {unread.subject}" if unread.subject else ""
    why = "neither answered nor refused, and verdicts rest on it"
    if unread.code:
        why = f"{unread.code}: {unread.message}" if unread.message else unread.code
    return visible(f"Not read: {unread.operation}{about} in {unread.account_id} {unread.region}: {why}")


def number(count: int, what: str) -> str:
    """Return how many there are of something, with thousands told apart: "1 function", "1,000 functions"."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
