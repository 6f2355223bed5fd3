"""An account in memory, a policy with one rule, and a table that is a list."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vpcguard.audit.dependencies import Dependencies, Function
from vpcguard.changes import look_again_event, parse_change
from vpcguard.errors import QueueError
from vpcguard.findings.states import FunctionState
from vpcguard.findings.store import Recorded
from vpcguard.model import Answers, Change, Decision, Failure, Look, RuleDecision, Scope, Snapshot, Violation
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.snapshot import PARTIAL, Captured, CaptureOptions, Page

ACCOUNT, MEMBER, REGION = "111122223333", "444455556666", "eu-west-1"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CAPTURED_AT = "2026-11-20T12:00:05.000000Z"
RULE = "az.single_az"


def change(function: str = "orders-api", **fields: Any) -> Change:
    given: dict[str, Any] = {
        "event_id": f"event-of-{function}",
        "event_name": "CreateFunction20150331",
        "event_time": NOON,
        "account_id": ACCOUNT,
        "region": REGION,
        "function_name": function,
    }
    return Change(**{**given, **fields})


def configuration(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        **fields,
    }


@dataclass
class Account:
    """Functions by name, as Lambda answers them; a Failure in place of one: it may not be read.

    pages: how many functions one page of ListFunctions holds; listing, reading: a refusal
    of ListFunctions or GetFunctionConfiguration as a whole. extra, refused: more answers and failures.
    left_out: an operation that was not read. raises: what a capture of the listing raises at a marker.
    """

    functions: dict[str, dict[str, Any] | Failure] = field(default_factory=dict)
    pages: int = 1000
    captured_at: str = CAPTURED_AT
    listing: Failure | None = None
    reading: Failure | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    left_out: str | None = None
    refused: dict[str, Failure] = field(default_factory=dict)
    raises: dict[str | None, Exception] = field(default_factory=dict)
    asked: list[tuple[Scope, CaptureOptions]] = field(default_factory=list)

    def capture(self, scope: Scope, _aws: object, /, *, options: CaptureOptions) -> Captured:
        """Answer as vpcguard.snapshot.capture_pages does."""
        self.asked.append((scope, options))
        names: Sequence[str] = scope.function_names
        pages: list[Page] = []
        if scope.kind == "account":
            if error := self.raises.get(options.marker):
                raise error
            pages = self._pages(options)
            names = [name for page in pages for name in page.names]
        end = int(options.marker or 0) + len(names)
        is_cut = scope.kind == "account" and self.listing is None and end < len(self.functions)
        own = (
            self._listed(names, is_part=options.marker is not None or is_cut) if pages else self._read(names)
        )
        answers = {key: one for key, one in own.answers.items() if key != self.left_out}
        own = Answers({**answers, **self.extra}, {**own.failures, **self.refused})
        snapshot = Snapshot(
            account_id=scope.account_id,
            region=scope.region,
            captured_at=self.captured_at,
            own=own,
            account=options.account,
        )
        return Captured(snapshot, str(end) if is_cut else None, tuple(pages))

    def _pages(self, options: CaptureOptions) -> list[Page]:
        names, begin = sorted(self.functions), int(options.marker or 0)
        starts = range(begin, max(len(names), begin + 1), self.pages)[: options.max_pages]
        return [Page(str(at) if at else None, tuple(names[at : at + self.pages])) for at in starts]

    def _read(self, names: Sequence[str]) -> Answers:
        if self.reading is not None:
            return Answers({}, {"lambda:GetFunctionConfiguration": self.reading})
        found = {name: self.functions[name] for name in names if name in self.functions}
        refused = {name: one for name, one in found.items() if isinstance(one, Failure)}
        key = "lambda:GetFunctionConfiguration"
        return Answers(
            {key: {name: one for name, one in found.items() if name not in refused}},
            {key: refused} if refused else {},
        )

    def _listed(self, names: Sequence[str], *, is_part: bool) -> Answers:
        key = "lambda:ListFunctions"
        if self.listing is not None:
            return Answers({}, {key: self.listing})
        listed = [one for name in names if isinstance(one := self.functions[name], dict)]
        return Answers({key: {"Functions": listed}}, {key: Failure(PARTIAL, "")} if is_part else {})


@dataclass
class OneRule:
    """Finds the rule broken by the functions named; raises what it is told to.

    failed_rules: as of the Decision, for every question.
    """

    broken: frozenset[str] = frozenset()
    failed_rules: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    fails_for: frozenset[str] = frozenset()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def decide(self, facts: Mapping[str, Any], configuration: Configuration, /) -> Decision:
        """Answer as vpcguard.policy.Policy does."""
        names = tuple(function["name"] for function in facts["functions"])
        self.asked.append(names)
        if self.error is not None and (not self.fails_for or self.fails_for & set(names)):
            raise self.error
        return Decision(
            policy_revision="test",
            config_digest=configuration.digest,
            rules=(
                RuleDecision(
                    id=RULE,
                    title="Function runs in a single Availability Zone",
                    doubt="Not known whether it does",
                    severity="medium",
                    advice="Add a subnet.",
                    remediation="none",
                    applies=frozenset(names),
                    violations=tuple(violation(name) for name in names if name in self.broken),
                    unknowns=(),
                    silent=frozenset(),
                ),
            ),
            failed_rules=self.failed_rules,
        )


def violation(name: str) -> Violation:
    return Violation(
        function=name,
        severity="medium",
        stage="audit",
        message=f"{name} runs in one zone.",
        evidence={},
        root_cause=None,
        basis=None,
        eligible_for_remediation=False,
    )


@dataclass
class Table:
    """Keeps looks and deletions; `unseen` is what the index of looks would answer."""

    looks: list[Look] = field(default_factory=list)
    deleted: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)  # rule -> the function it found something about
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    seen: dict[Function, FunctionState] = field(default_factory=dict)
    error: Exception | None = None
    unseen_error: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def states(self, functions: Collection[Function], /) -> Mapping[Function, FunctionState]:
        """Remember nothing about any function."""
        return {
            key: FunctionState(account_id=key[0], region=key[1], function_name=key[2]) for key in functions
        }

    def record_all(
        self,
        looks: Sequence[Look],
        /,
        *,
        seen: Mapping[Function, FunctionState] | None = None,
        until: float = math.inf,  # noqa: ARG002  this table is fast
        before_change: Callable[[], None] | None = None,
    ) -> list[Recorded]:
        """Keep looks, all of them new, and what was known about their functions before."""
        self.seen |= seen or {}
        if self.error is not None:
            raise self.error
        with self.lock:
            self.looks.extend(looks)
        if before_change is not None and any(look.findings for look in looks):
            before_change()
        return [
            Recorded(outcome="recorded", opened=tuple(found.rule_id for found in look.findings))
            for look in looks
        ]

    def resolve_deleted(
        self, *, account_id: str, region: str, function_name: str, judged_at: str, trigger: str
    ) -> Recorded:
        """Keep a deletion that closes one finding."""
        with self.lock:
            self.deleted.append((account_id, region, function_name, judged_at, trigger))
        return Recorded(outcome="recorded", resolved=(RULE,))

    def functions_with_findings(
        self, _account_id: str, _region: str, rule_ids: Iterable[str], /
    ) -> Sequence[str]:
        """Answer what the test put there."""
        return [self.found[rule_id] for rule_id in rule_ids if rule_id in self.found]

    def functions_not_seen_since(self, account_id: str, region: str, moment: str, /) -> Sequence[str]:
        """Answer what the test put there, without what was recorded or deleted since."""
        self.asked.append((account_id, region, moment))
        if self.unseen_error is not None:
            raise self.unseen_error
        done = {*self.functions(), *(one[2] for one in self.deleted)}
        return [name for name in self.unseen if name not in done]

    def functions(self) -> list[str]:
        """Return the functions that were judged."""
        return sorted(look.function_name for look in self.looks)


@dataclass
class Queue:
    """Keeps what is to come back: changes after the round trip that a real message makes, and receipts."""

    sent: list[tuple[Change, int]] = field(default_factory=list)
    brought_back: list[tuple[str, int]] = field(default_factory=list)
    put: list[str] = field(default_factory=list)
    error: QueueError | None = None

    def send(self, delayed: Sequence[tuple[Change, int]], /, *, until: float) -> None:  # noqa: ARG002
        """Keep changes as they will come back."""
        if self.error is not None:
            raise self.error
        for one, seconds in delayed:
            parsed = parse_change(look_again_event(one))
            assert isinstance(parsed, Change)
            self.sent.append((parsed, seconds))

    def put_back(self, bodies: Sequence[str], /, *, until: float) -> int:  # noqa: ARG002
        """Keep messages that were not begun."""
        if self.error is not None:
            raise self.error
        self.put.extend(bodies)
        return len(bodies)

    def bring_back(self, receipts: Sequence[tuple[str, int]], /, *, until: float) -> None:  # noqa: ARG002
        """Keep receipts and seconds."""
        if self.error is not None:
            raise self.error
        self.brought_back.extend(receipts)


@dataclass
class DeadLetters:
    """A dead-letter queue that is a list."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    error: Exception | None = None
    asked: int = 0

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Keep a message with its reason."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.sent.append((message_id, body, reason))


def dependencies(
    account: Account | None = None,
    *,
    policy: OneRule | None = None,
    table: Table | None = None,
    queue: Queue | None = None,
    dead_letters: DeadLetters | None = None,
    max_receives: int = 5,
    reader: Callable[[str, str], Any] = lambda _account_id, _region: object(),
    configuration: Callable[[], Configuration] = load_configuration,
    directory: Callable[..., Any] = lambda _account_id, *, needs_unit: None,  # noqa: ARG005
    now: Sequence[datetime] = (NOON,),
) -> Dependencies:
    times = iter(now)
    return Dependencies(
        reader=reader,
        capture=(account or Account()).capture,
        policy=policy or OneRule(),
        configuration=configuration,
        store=table or Table(),
        directory=directory,
        queue=queue,
        dead_letters=dead_letters,
        max_receives=max_receives,
        clock=lambda: next(times, NOON + timedelta(hours=1)),
    )
