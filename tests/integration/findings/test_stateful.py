"""Looks of every kind, in any order, cut off and repeated, against a model of what docs/table.md promises."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Any
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
from tests.support.findings_model import Found, FunctionModel, ModelLook, Said, Told
from tests.support.looks import ACCOUNT, REGION, a_doubt, a_finding, a_look, at, moment
from vpcguard.findings import store as findings_store
from vpcguard.findings.pages import Page
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding, Look, cause_of

RULES = ("az.single_az", "nat.no_internet_egress", "own.rule")
FUNCTIONS = ("orders-api", "orders-worker")
DIGESTS = ("sha256:aa", "sha256:bb")
COMPARED = (
    *(
        "status",
        "status_reason",
        "severity",
        "root_cause",
        "message",
        "first_seen",
        "last_seen",
        "changed_at",
    ),
    *("opened_at", "confirmed_at", "resolved_at", "times_reopened", "snapshot_digest", "actor"),
)
_tables = count()

_violated = st.builds(
    lambda statement, severity, root_cause: Said("violated", statement, severity, root_cause),
    st.sampled_from(["blackhole", "no route"]),
    st.sampled_from(["high", "low"]),
    st.sampled_from(["nat-0a", "nat-0b", None]),
)
_unknown = st.builds(
    lambda waits_for: Said("unknown", waits_for=waits_for),
    st.sampled_from(["ec2:DescribeNatGateways", "tgw-0a cannot be seen into"]),
)
_others = st.sampled_from([Said(kind) for kind in ("passed", "passed", "silent", "off", "retired")])
_says = st.fixed_dictionaries(dict.fromkeys(RULES, st.one_of(_violated, _violated, _unknown, _others)))
_functions = st.sampled_from(FUNCTIONS)
_actors = st.sampled_from([None, "deployer", "console user"])


def _as_look(function: str, look: ModelLook, minute: int) -> Look:
    """Return what the model took as the store takes it."""
    common: dict[str, Any] = {"minute": minute, "function": function, "message": look.message}
    common |= {"snapshot_digest": look.digest, "actor": look.actor}
    by_kind = {kind: [name for name, one in look.says.items() if one.kind == kind] for kind in _KINDS}
    violated = [
        a_finding(
            name,
            severity=look.says[name].severity,
            root_cause=look.says[name].root_cause,
            evidence={"cause": look.says[name].statement},
            **common,
        )
        for name in by_kind["violated"]
    ]
    unknown = [
        a_doubt(name, evidence={"unknown": [look.says[name].waits_for]}, **common)
        for name in by_kind["unknown"]
    ]
    return a_look(
        minute,
        violated=violated,
        unknown=unknown,
        passed=by_kind["passed"],
        off=frozenset(by_kind["off"]),
        retired=frozenset(by_kind["retired"]),
        function=function,
        digest=look.digest,
        actor=look.actor,
    )


_KINDS = ("violated", "unknown", "passed", "off", "retired")


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
        self.name = f"stateful-{next(_tables)}"
        create_findings_table(self.dynamodb, self.name)
        self.store = FindingStore(self.dynamodb, self.name, clock=self._now)

    def _now(self) -> datetime:
        return moment(self.minute)

    def _record(self, function: str, look: ModelLook, minute: int) -> None:
        model = self.models[function]
        before = len(model.history)
        model.look(look)
        recorded = self.store.record(_as_look(function, look, minute))
        told = Counter(one.change for one in model.history[before:])
        kinds = ("opened", "reopened", "resolved", "undetermined")
        assert {kind: len(getattr(recorded, kind)) for kind in kinds} == {kind: told[kind] for kind in kinds}

    def _look(self, minute: int, digest: str, says: dict[str, Said], actor: str | None) -> ModelLook:
        return ModelLook(at(minute), digest, says, f"as seen at {minute} in {digest}", actor)

    @rule(function=_functions, digest=st.sampled_from(DIGESTS), says=_says, actor=_actors)
    def newer_look(self, function: str, digest: str, says: dict[str, Said], actor: str | None) -> None:
        """Newer than all before."""
        self.minute += 1
        look = self._look(self.minute, digest, says, actor)
        self.looks.append((function, look, self.minute))
        self._record(function, look, self.minute)

    @rule(data=st.data(), function=_functions, digest=st.sampled_from(DIGESTS), says=_says, actor=_actors)
    def late_look(
        self, data: st.DataObject, function: str, digest: str, says: dict[str, Said], actor: str | None
    ) -> None:
        """Of any moment so far, one that another look had included; what it says is another snapshot's."""
        minute = data.draw(st.integers(max(0, self.minute - 5), self.minute))
        look = self._look(minute, digest, says, actor)
        if (function, look.moment, look.digest) in {
            (of, one.moment, one.digest) for of, one, _ in self.looks
        }:
            return  # one snapshot gives one verdict
        self.looks.append((function, look, minute))
        self._record(function, look, minute)

    @precondition(lambda self: self.looks)
    @rule(data=st.data())
    def repeated_look(self, data: st.DataObject) -> None:
        """Delivered again, however much came since."""
        self._record(*data.draw(st.sampled_from(self.looks[-4:])))

    @rule(function=_functions, says=_says, most=st.integers(1, 2))
    def killed_look(self, function: str, says: dict[str, Said], most: int) -> None:
        """The process dies between two transactions; a message may come back, or a newer look come first."""
        self.minute += 1
        look = self._look(self.minute, DIGESTS[0], says, None)
        self.looks.append((function, look, self.minute))
        self.models[function].look(look, most=most)
        write, written = findings_store._write, list[None]()  # noqa: SLF001 - where it dies

        def killed(*arguments: Any) -> None:
            if len(written) == most:
                raise _KilledError
            write(*arguments)
            written.append(None)

        with patch.multiple(findings_store, ITEMS_AT_ONCE=1, _write=killed), suppress(_KilledError):
            self.store.record(_as_look(function, look, self.minute))

    @rule(function=_functions, ago=st.sampled_from([0, 0, 0, 1, 3]))
    def deleted(self, function: str, ago: int) -> None:
        """Seen to be gone, now or by a listing that comes late."""
        if ago == 0:
            self.minute += 1
        moment = at(max(0, self.minute - ago))
        self.models[function].delete(moment)
        self.store.resolve_deleted(
            account_id=ACCOUNT, region=REGION, function_name=function, judged_at=moment, trigger="sweep"
        )

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
        caused = [one for one in live if one.get("root_cause")]
        assert self._items("by_id") == self._items("by_account") == self._items("by_rule") == findings
        assert self._items("by_live") == live
        assert self._items("by_cause") == caused

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
def test_the_table_does_what_its_model_says(dynamodb: Any, examples: int, phases: list[Phase]) -> None:
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
