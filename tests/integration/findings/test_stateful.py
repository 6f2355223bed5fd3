"""Looks of every kind, in any order, cut off and repeated, against a model of what docs/table.md promises."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, get_args
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.dynamodb import create_findings_table
from tests.support.findings_model import Covering, Found, FunctionModel, ModelLook, Said, Told, seconds
from tests.support.looks import ACCOUNT, REGION, a_doubt, a_finding, a_look, an_exemption, at, moment
from vpcguard.findings import store as findings_store
from vpcguard.findings.exemptions import Covers, Exemption, Exemptions, Matcher
from vpcguard.findings.pages import Page
from vpcguard.findings.states import TOLD
from vpcguard.findings.store import FindingStore, Recorded
from vpcguard.model import Finding, Look, cause_of

RULES = ("az.single_az", "nat.no_internet_egress", "own.rule")
FUNCTIONS = ("orders-api", "orders-worker")
DIGESTS = ("sha256:aa", "sha256:bb")
COMPARED = (
    *("status", "status_reason", "verdict", "severity", "root_cause", "message", "first_seen", "last_seen"),
    *("changed_at", "opened_at", "confirmed_at", "resolved_at", "times_reopened", "snapshot_digest", "actor"),
    *("exemption_id", "stage"),
)
OPAQUE, UNREAD, OTHER_UNREAD = "tgw-0a", "ec2:DescribeNatGateways", "ec2:DescribeSubnets"
_tables = count()

_violated = st.builds(
    lambda statement, severity, root_cause, stage: Said(
        "violated", statement, severity, root_cause, stage=stage
    ),
    st.sampled_from(["blackhole", "no route"]),
    st.sampled_from(["high", "low"]),
    st.sampled_from(["nat-0a", "nat-0b", None]),
    st.sampled_from(["audit", "audit", "warn"]),
)
_unknown = st.sampled_from(
    [
        Said("unknown", waits_for=(OPAQUE,)),
        Said("unknown", waits_for=(UNREAD, OPAQUE), failed_reads=(UNREAD,)),
        Said("unread", waits_for=(UNREAD,), failed_reads=(UNREAD,)),
        Said("unread", waits_for=(UNREAD, OTHER_UNREAD), failed_reads=(UNREAD, OTHER_UNREAD)),
    ]
)
_others = st.sampled_from(
    [Said(kind) for kind in ("passed", "passed", "passed", "not_applicable", "silent", "off", "retired")]
)
_functions = st.sampled_from(FUNCTIONS)
_minutes = st.integers(0, 5)
_looks = st.builds(
    ModelLook,
    moment=st.just(""),
    digest=st.sampled_from(DIGESTS),
    says=st.fixed_dictionaries(dict.fromkeys(RULES, st.one_of(_violated, _violated, _unknown, _others))),
    message=st.just(""),
    actor=st.sampled_from([None, "deployer", "console user"]),
    declared=st.sampled_from(["internet", "internet", "none", None]),
    is_attached=st.sampled_from([True, True, True, False]),
)
_matches = st.sampled_from(
    [
        *(Matcher(rule_id=name) for name in RULES),
        Matcher(rule_id=RULES[1], function=FUNCTIONS[0]),
        Matcher(root_cause="nat-0a"),
        Matcher(function="orders-*", account_id=ACCOUNT),
    ]
)


def _as_look(function: str, look: ModelLook, minute: int) -> Look:
    """Return what the model took as the store takes it."""
    common: dict[str, Any] = {"minute": minute, "function": function, "message": look.message}
    common |= {"snapshot_digest": look.digest, "actor": look.actor}
    violated = [
        a_finding(
            name,
            severity=one.severity,
            stage=one.stage,
            root_cause=one.root_cause,
            evidence={"cause": one.statement},
            **common,
        )
        for name, one in look.says.items()
        if one.kind == "violated"
    ]
    unknown = [
        a_doubt(name, evidence={"unknown": list(one.waits_for)}, **common)
        for name, one in look.says.items()
        if one.kind in ("unknown", "unread")
    ]
    named: dict[str, list[str]] = {}
    for name, one in look.says.items():
        named.setdefault(one.kind, []).append(name)
    return a_look(
        minute,
        violated=violated,
        unknown=unknown,
        passed=[*named.get("passed", ()), *named.get("not_applicable", ())],
        applicable=frozenset([*named.get("passed", ()), *named.get("violated", ())]),
        off=frozenset(named.get("off", ())),
        retired=frozenset(named.get("retired", ())),
        failed_reads={name: one.failed_reads for name, one in look.says.items() if one.failed_reads},
        unread=frozenset(named.get("unread", ())),
        function=function,
        digest=look.digest,
        actor=look.actor,
        declared=look.declared,
        is_attached=look.is_attached,
    )


class _KilledError(BaseException):
    """Stands for SIGKILL."""


class Table(RuleBasedStateMachine):
    """Two functions of one table, and the model of each."""

    dynamodb: Any

    def __init__(self) -> None:
        super().__init__()
        self.minute = 0
        self.models = {name: FunctionModel() for name in FUNCTIONS}
        self.looks: list[tuple[str, ModelLook, int]] = []
        self.exemptions: list[Exemption] = []
        self.name = f"stateful-{next(_tables)}"
        create_findings_table(self.dynamodb, self.name)
        self.store = FindingStore(
            self.dynamodb,
            self.name,
            clock=self._now,
            exemptions=lambda: Exemptions(tuple(self.exemptions)),
        )

    def _now(self) -> datetime:
        return moment(self.minute)

    def _covering(self, function: str) -> Covering:
        """Of several exemptions the one that lasts longest, then that of the smallest id."""
        now = at(self.minute)
        holding = [
            one for one in self.exemptions if not one.revoked_at and one.created_at <= now < one.expires_at
        ]

        def covering(name: str, stands: Found) -> str | None:
            kind = {"open": "violation", "undetermined": "unknown"}.get(stands.standing)
            found = [
                (-seconds(one.expires_at), one.exemption_id)
                for one in holding
                if one.covers == kind
                and one.match.rule_id in (None, name)
                and one.match.root_cause in (None, stands.root_cause)
                and one.match.function in (None, "orders-*", function)
            ]
            return min(found)[1] if found else None

        return covering

    def _record(self, function: str, look: ModelLook, minute: int) -> None:
        model = self.models[function]
        before = len(model.history)
        model.look(look, self._covering(function))
        recorded = self.store.record(_as_look(function, look, minute))
        self._agrees(recorded, model.history[before:])

    @staticmethod
    def _agrees(recorded: Recorded, told: list[Told]) -> None:
        """What is returned is what the history tells."""
        counts = Counter(one.change for one in told)
        assert {kind: len(getattr(recorded, kind)) for kind in TOLD} == {kind: counts[kind] for kind in TOLD}

    def _taken(self, look: ModelLook, minute: int) -> ModelLook:
        return look._replace(moment=at(minute), message=f"as seen at {minute} in {look.digest}")

    @rule(function=_functions, look=_looks)
    def newer_look(self, function: str, look: ModelLook) -> None:
        """Newer than all before."""
        self.minute += 1
        taken = self._taken(look, self.minute)
        self.looks.append((function, taken, self.minute))
        self._record(function, taken, self.minute)

    @rule(function=_functions, look=_looks, ago=_minutes)
    def late_look(self, function: str, look: ModelLook, ago: int) -> None:
        """Of any moment so far, one that another look had included; what it says is another snapshot's."""
        minute = max(0, self.minute - ago)
        taken = self._taken(look, minute)
        if any((of, one.moment, one.digest) == (function, *taken[:2]) for of, one, _ in self.looks):
            return  # one snapshot gives one verdict
        self.looks.append((function, taken, minute))
        self._record(function, taken, minute)

    @precondition(lambda self: self.looks)
    @rule(back=st.integers(1, 4))
    def repeated_look(self, back: int) -> None:
        """Delivered again, however much came since."""
        self._record(*self.looks[-min(back, len(self.looks))])

    @rule(function=_functions, look=_looks, most=st.integers(1, 3))
    def killed_look(self, function: str, look: ModelLook, most: int) -> None:
        """The process dies between two transactions; a message may come back, or a newer look come first."""
        self.minute += 1
        taken = self._taken(look, self.minute)
        self.looks.append((function, taken, self.minute))
        # a transaction for each change, after one for the look alone
        self.models[function].look(taken, self._covering(function), most=most - 1)
        write, written = findings_store._write, list[None]()  # noqa: SLF001 - where it dies

        def killed(*arguments: Any) -> None:
            if len(written) == most:
                raise _KilledError
            write(*arguments)
            written.append(None)

        with patch.multiple(findings_store, ITEMS_AT_ONCE=0, _write=killed), suppress(_KilledError):
            self.store.record(_as_look(function, taken, self.minute))

    @rule(function=_functions, ago=st.sampled_from([0, 0, 0, 1, 3]))
    def deleted(self, function: str, ago: int) -> None:
        """Seen to be gone, now or by a listing that comes late."""
        if ago == 0:
            self.minute += 1
        seen_at = at(max(0, self.minute - ago))
        self.models[function].delete(seen_at)
        self.store.resolve_deleted(
            account_id=ACCOUNT, region=REGION, function_name=function, judged_at=seen_at, trigger="sweep"
        )

    @rule(
        covers=st.sampled_from(get_args(Covers)),
        match=_matches,
        minutes=st.integers(1, 8),
        is_told=st.booleans(),
    )
    def exempt(self, covers: Covers, match: Matcher, minutes: int, is_told: bool) -> None:  # noqa: FBT001
        """Made, and applied at once or with the next look; an attestation too."""
        begins, number = at(self.minute), len(self.exemptions)
        self.exemptions.append(
            an_exemption(match, begins, expires=at(self.minute + minutes), number=number, covers=covers)
        )
        if is_told:
            self.applied()

    @precondition(lambda self: self.exemptions)
    @rule(back=st.integers(1, 3))
    def revoked(self, back: int) -> None:
        """Nobody sees it before the next look, or the next time that exemptions are applied."""
        place = len(self.exemptions) - min(back, len(self.exemptions))
        one = self.exemptions[place]
        self.exemptions[place] = replace(
            one, revoked_at=one.revoked_at or at(self.minute), revoked_by="somebody"
        )

    @rule()
    def applied(self) -> None:
        """By schedule: what began and what ended since, without a look."""
        self.minute += 1
        for function, model in self.models.items():
            before = len(model.history)
            model.replan(self._covering(function), at(self.minute))
            self._agrees(self.store.replan(ACCOUNT, REGION, function), model.history[before:])

    @rule(days=st.sampled_from([1, 200, 401]))
    def days_pass(self, days: int) -> None:
        """What is resolved expires, and what comes later begins anew."""
        self.minute += days * 24 * 60

    @invariant()
    def the_findings_are_the_models(self) -> None:
        """Status, texts and times."""
        listed = self.store.list_by_account(ACCOUNT).items
        found = {(one.function_name, one.rule_id): one for one in listed}
        expected = self._expected()
        assert found.keys() == expected.keys()
        for key, one in expected.items():
            shown = {field: getattr(found[key], field) for field in COMPARED}
            assert shown == {field: getattr(one, field) for field in COMPARED}
            assert found[key].evidence.get("undetermined") == one.doubt

    def _expected(self) -> dict[tuple[str, str], Found]:
        """Return the model's findings by function and rule, without what has expired."""
        now = self._now().timestamp()
        return {
            (function, name): one
            for function, model in self.models.items()
            for name, one in model.findings.items()
            if one.expires is None or one.expires > now
        }

    @invariant()
    def the_look_is_the_newest(self) -> None:
        """And says whether all of it is recorded."""
        states = self.store.states([(ACCOUNT, REGION, function) for function in FUNCTIONS])
        for (*_, function), state in states.items():
            model = self.models[function]
            assert dict(state.waiting) == model.waiting
            assert (state.judged_at, state.snapshot_digest) == model.latest
            assert (state.deleted_at is not None, state.is_partial) == (model.is_deleted, model.is_partial)

    @invariant()
    def the_items_agree(self) -> None:
        """History without gap or repeat, all of it to be published, and each index with its part."""
        items = self._items()
        told = [one for one in items if one["item_type"] == "history"]
        expected = [(function, one) for function, model in self.models.items() for one in model.history]
        named = sorted(told, key=lambda one: (one["function_name"], one["rule_id"]))
        assert len(named) == len(expected)
        for item, (function, one) in zip(
            named, sorted(expected, key=lambda each: (each[0], each[1].rule_id)), strict=True
        ):
            assert item["function_name"] == function
            assert {name: item.get(name) for name in Told._fields} == one._asdict()
        waiting = [one["sk"].removeprefix("OUTBOX#") for one in items if one["item_type"] == "outbox"]
        assert sorted(one["change_id"] for one in told) == sorted(set(waiting))
        findings = [one for one in items if one["item_type"] == "finding"]
        live = [one for one in findings if one["status"] != "resolved"]
        assert self._items("by_id") == self._items("by_account") == self._items("by_rule") == findings
        assert self._items("by_live") == live
        assert self._items("by_cause") == [one for one in live if one.get("root_cause")]
        assert self._items("by_exemption") == [one for one in live if one["status"] == "exempt"]

    @invariant()
    def the_counts_agree(self) -> None:
        """Root causes and their findings, failed reads and what waits for them."""
        causes: dict[tuple[str, str], Counter[str]] = {}
        waiting: dict[str, Counter[str]] = {}
        for model in self.models.values():
            for name, one in model.findings.items():
                if one.root_cause and one.status != "resolved":
                    counted = causes.setdefault((one.root_cause, name), Counter())
                    counted["exempt" if one.status == "exempt" else one.severity] += 1
            for operation, verdicts in model.waiting.items():
                waiting.setdefault(operation, Counter()).update(verdicts=verdicts, functions=1)
        shown = {
            (one.root_cause, one.rule_id): Counter({"exempt": one.exempt}) + Counter(one.open)
            for one in self.store.causes(account_id=ACCOUNT).items
        }
        assert shown == causes
        assert {
            one.operation: Counter(verdicts=one.verdicts, functions=one.functions)
            for one in self.store.coverage(account_id=ACCOUNT).items
        } == waiting

    def _items(self, index: str | None = None) -> list[dict[str, Any]]:
        """Return every item, of the table or of an index, its texts and numbers alone."""
        where = {"IndexName": index} if index else {}
        items = self.dynamodb.scan(TableName=self.name, **where)["Items"]
        plain = [{name: next(iter(value.values())) for name, value in one.items()} for one in items]
        return sorted(plain, key=lambda one: (one["pk"], one["sk"]))

    def teardown(self) -> None:
        """Compare the listings with the model, and remove the table."""
        try:
            self._listings_agree()
        finally:
            self.dynamodb.delete_table(TableName=self.name)

    def _listings_agree(self) -> None:
        expected = self._expected()
        live = {key: one for key, one in expected.items() if one.status != "resolved"}
        store = self.store
        assert self._keys(store.list_all()) == sorted(expected)
        assert self._keys(store.list_all(status={"open", "undetermined", "exempt"})) == sorted(live)
        for function in FUNCTIONS:
            found = store.list_by_function(ACCOUNT, REGION, function)
            assert self._keys(found) == sorted(key for key in expected if key[0] == function)
        by_id = sorted(store.causes().items, key=lambda one: one.cause_id)
        assert by_id == list(store.causes(account_id=ACCOUNT).items)
        assert store.coverage() == store.coverage(account_id=ACCOUNT)
        for exemption in self.exemptions:
            found = store.list_by_exemption(exemption.exemption_id)
            assert self._keys(found) == sorted(
                key for key, one in live.items() if one.exemption_id == exemption.exemption_id
            )
        for name in RULES:
            assert self._keys(store.list_by_rule(name)) == sorted(key for key in expected if key[1] == name)
            for resource in ("nat-0a", "nat-0b"):
                cause = str(cause_of(a_finding(name, root_cause=resource)))
                assert self._keys(store.list_by_cause(cause)) == sorted(
                    key for key, one in live.items() if (key[1], one.root_cause) == (name, resource)
                )

    @staticmethod
    def _keys(page: Page[Finding]) -> list[tuple[str, str]]:
        assert page.cursor is None
        return sorted((one.function_name, one.rule_id) for one in page.items)


# what fails is shrunk for minutes, and by the thorough run alone
QUICK = [Phase.reuse, Phase.generate]


@pytest.mark.parametrize(
    ("examples", "phases"),
    [(20, QUICK), pytest.param(1_000, [*QUICK, Phase.shrink], marks=pytest.mark.thorough)],
)
def test_the_table_does_what_its_model_says(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch, examples: int, phases: list[Phase]
) -> None:
    monkeypatch.setattr(findings_store, "ITEMS_AT_ONCE", 1)  # each change is a transaction
    machine = type("Table", (Table,), {"dynamodb": dynamodb})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            phases=phases,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
