"""What one audit has to say, ready to be shown: findings, what does not apply, what was not read.

Pure: made from judgements, turned into text by `formats`, and into the exit status by `exits`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from vpcguard.model import Finding, Severity, Status

SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # worst first


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
    """One account and region as it was judged; not_applicable: functions no rule speaks about."""

    account_id: str
    region: str
    captured_at: str
    snapshot_digest: str
    policy_revision: str
    config_digest: str
    functions: tuple[str, ...]
    rules: int
    not_applicable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one command line audit found. Findings are sorted by function name, then rule id."""

    looked: tuple[Looked, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]

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
        return dict(
            sorted(
                Counter(
                    str(target)
                    for finding in self.findings
                    if finding.status == "undetermined"
                    for target in finding.evidence.get("unknown", ())
                ).items()
            )
        )


def merged(reports: list[Report]) -> Report:
    """Return one report of several account-regions, findings sorted as in each of them."""
    findings = [finding for report in reports for finding in report.findings]
    return Report(
        looked=tuple(looked for report in reports for looked in report.looked),
        findings=tuple(sorted(findings, key=_order)),
        unread=tuple(unread for report in reports for unread in report.unread),
    )


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return finding.function_name, finding.rule_id, finding.account_id, finding.region
