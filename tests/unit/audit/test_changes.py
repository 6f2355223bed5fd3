"""Many changes at once: functions read once and together, each change with an outcome of its own."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.audit.fakes import (
    ACCOUNT,
    CAPTURED_AT,
    MEMBER,
    NOON,
    REGION,
    Account,
    OneRule,
    Queue,
    Table,
    change,
    configuration,
    dependencies,
)
from vpcguard.audit import changes as changes_module
from vpcguard.audit.changes import Handled, audit_changes
from vpcguard.audit.sweep import audit_account
from vpcguard.errors import (
    ConfigurationError,
    FactsError,
    FindingStoreError,
    OpaUnavailableError,
    OutOfTimeError,
    QueueError,
    ReadError,
    UndefinedDecisionError,
)
from vpcguard.model import Failure
from vpcguard.policy.configuration import load_configuration
from vpcguard.snapshot import Hints


def functions(*names: str, **fields: Any) -> Account:
    return Account({name: configuration(name, **fields) for name in names})


def test_a_change_becomes_a_look_that_says_what_led_to_it() -> None:
    table, actor = Table(), "arn:aws:iam::111122223333:role/ci"
    deps = dependencies(functions("orders-api"), policy=OneRule(frozenset({"orders-api"})), table=table)
    one = change(actor=actor, managed_by="terraform")

    handled, counts = audit_changes([one], deps=deps)

    (look,) = table.looks
    (finding,) = look.findings
    assert handled == [Handled(change=one)]
    assert counts == Counter(looks=1, opened=1)
    assert (look.function_name, look.judged_at, look.trigger) == (
        "orders-api",
        CAPTURED_AT,
        "event:event-of-orders-api",
    )
    assert (finding.actor, finding.managed_by) == (actor, "terraform")


def test_what_the_configuration_needs_is_read() -> None:
    """Another rule that is on may need what is left out otherwise."""
    estate, rules = functions("orders-api"), {"ip.legacy_eni_estimate": {"enabled": True}}
    deps = replace(
        dependencies(estate), configuration=lambda: load_configuration({"version": 1, "rules": rules})
    )

    audit_changes([change()], deps=deps)
    audit_account(ACCOUNT, REGION, deps=deps)

    assert ["lambda:GetFunctionConcurrency" in options.reads for _, options in estate.asked] == [True, True]


@pytest.mark.parametrize("by_unit", [False, True])
def test_every_look_knows_its_account(by_unit: bool) -> None:  # noqa: FBT001
    """Events and sweeps alike; that the unit must be known is said where the configuration rests on it."""
    asked, table = [], Table()
    document = {"version": 1, "trusted_egress": [{"organization_unit": "root/prod"}] if by_unit else []}

    def directory(account_id: str, *, needs_unit: bool) -> dict[str, Any]:
        asked.append((account_id, needs_unit))
        return {"name": "payments", "organization_unit": "root/prod", "tags": {}}

    deps = dependencies(
        functions("orders-api"),
        policy=OneRule(frozenset({"orders-api"})),
        table=table,
        configuration=lambda: load_configuration(document),
        directory=directory,
    )

    audit_changes([change()], deps=deps)
    audit_account(ACCOUNT, REGION, deps=deps)

    assert asked == [(ACCOUNT, by_unit), (ACCOUNT, by_unit)]
    findings = [finding for look in table.looks for finding in look.findings]
    assert [(one.account_name, one.organization_unit) for one in findings] == [("payments", "root/prod")] * 2


def test_without_the_unit_that_the_configuration_needs_nothing_is_judged() -> None:
    def directory(account_id: str, *, needs_unit: bool) -> None:
        raise ReadError(f"the unit of {account_id} is not known: {needs_unit}")

    table = Table()

    (handled,), _ = audit_changes([change()], deps=dependencies(table=table, directory=directory))

    assert isinstance(handled.error, ReadError)
    assert table.looks == []


def test_the_table_is_asked_while_aws_is_read() -> None:
    """One round trip less in a row; the write is guarded all the same."""
    table = Table()

    audit_changes([change("a"), change("gone")], deps=dependencies(functions("a"), table=table))

    assert set(table.seen) == {(ACCOUNT, REGION, "a"), (ACCOUNT, REGION, "gone")}


def test_functions_of_one_vpc_share_one_snapshot() -> None:
    """300 functions deployed at once must not read their VPC 300 times."""
    names = [f"f{number:03}" for number in range(300)]
    account, table = functions(*names), Table()
    changes = [change(name, vpc_id="vpc-0a", role_name="lambda") for name in names]

    audit_changes(changes, deps=dependencies(account, table=table))

    assert [(scope.function_names, options.hints) for scope, options in account.asked] == [
        (tuple(names), Hints(frozenset({"vpc-0a"}), frozenset({"lambda"})))
    ]
    assert table.functions() == names


def test_vpcs_accounts_and_regions_are_read_apart() -> None:
    account = functions("a", "b", "c", "d", "e")
    changes = [
        change("a", vpc_id="vpc-0a"),
        change("b", vpc_id="vpc-0b"),
        change("c"),
        change("d", vpc_id="vpc-0a", account_id=MEMBER),
        change("e", vpc_id="vpc-0a", region="us-east-1"),
    ]

    audit_changes(changes, deps=dependencies(account))

    asked = sorted((scope.account_id, scope.region, scope.function_names) for scope, _ in account.asked)
    assert asked == [
        (ACCOUNT, REGION, ("a",)),
        (ACCOUNT, REGION, ("b",)),
        (ACCOUNT, REGION, ("c",)),
        (ACCOUNT, "us-east-1", ("e",)),
        (MEMBER, REGION, ("d",)),
    ]


def test_one_snapshot_holds_no_more_functions_than_one_question() -> None:
    names = [f"f{number:03}" for number in range(501)]
    account = functions(*names)

    audit_changes([change(name, vpc_id="vpc-0a") for name in names], deps=dependencies(account))

    assert sorted(len(scope.function_names) for scope, _ in account.asked) == [1, 500]


def test_of_several_networks_as_many_functions_are_begun_as_there_is_time_for() -> None:
    """A VPC for which there is time in part is begun in part."""
    account = functions("a", "b", "c", "d")
    deps = replace(dependencies(account), lambda_calls_per_second=0.15)  # 15 calls in 100 s: three functions
    changes = [
        change(name, vpc_id=f"vpc-{vpc}") for name, vpc in zip("abcd", ("0a", "0a", "0b", "0b"), strict=True)
    ]

    handled, _ = audit_changes(changes, deps=deps, until=time.monotonic() + 100)

    assert sorted(str(one.error) for one in handled) == ["None"] * 3 + ["not begun: too little time was left"]
    assert sum(len(scope.function_names) for scope, _ in account.asked) == 3


def test_of_a_group_that_begins_late_as_many_functions_are_begun_as_fit_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other accounts had the threads for most of the time; what cannot be read by now is no failed try."""
    first, late = [f"first{at}" for at in range(20)], [f"late{at}" for at in range(20)]
    account = functions(*first, *late)
    deps = replace(dependencies(account), lambda_calls_per_second=1.0)
    monkeypatch.setattr(changes_module, "GROUPS_AT_ONCE", 1)
    monkeypatch.setattr(time, "monotonic", lambda: 60.0 if account.asked else 0.0)
    changes = [change(name) for name in first] + [change(name, account_id=MEMBER) for name in late]

    handled, _ = audit_changes(changes, deps=deps, until=100)

    begun = [one.error is None for one in handled]
    assert (sum(begun[:20]), sum(begun[20:])) == (20, 8)
    assert {type(one.error) for one in handled} == {type(None), OutOfTimeError}


def test_changes_of_one_function_are_one_look_and_the_newest_led_to_it() -> None:
    """Events come doubled and out of order; whoever touched the function last is the one to ask."""
    table = Table()
    old = change(event_id="old", event_time=NOON, vpc_id="vpc-0a")
    new = change(event_id="new", event_time=NOON + timedelta(seconds=1), vpc_id="vpc-0b")

    handled, _ = audit_changes([new, old, old], deps=dependencies(functions("orders-api"), table=table))

    assert [look.trigger for look in table.looks] == ["event:new"]
    assert handled == [Handled(change=new), Handled(change=old), Handled(change=old)]


def test_nothing_to_do_reads_nothing() -> None:
    account = Account()

    assert audit_changes([], deps=dependencies(account)) == ([], Counter())
    assert account.asked == []


def test_a_function_that_does_not_exist_is_resolved() -> None:
    table, gone = Table(), change("orders-legacy", event_name="DeleteFunction20150331")

    handled, counts = audit_changes([gone], deps=dependencies(Account(), table=table, queue=Queue()))

    assert handled == [Handled(change=gone, is_deleted=True)]
    assert counts == Counter(looks=1, resolved=1)
    assert table.deleted == [(ACCOUNT, REGION, "orders-legacy", CAPTURED_AT, "event:event-of-orders-legacy")]
    assert table.looks == []


def test_a_function_that_may_not_be_read_is_neither_judged_nor_deleted() -> None:
    """A refusal that looked like a deletion would resolve every finding of the function."""
    table = Table()
    account = Account(
        {"hidden": Failure("AccessDeniedException", "no"), "orders-api": configuration("orders-api")}
    )

    handled, _ = audit_changes([change("hidden"), change()], deps=dependencies(account, table=table))

    assert [str(one.error) for one in handled] == [
        "lambda:GetFunctionConfiguration was refused: AccessDeniedException",
        "None",
    ]
    assert (table.functions(), table.deleted) == (["orders-api"], [])


def test_a_refusal_of_the_whole_operation_deletes_nothing() -> None:
    table, account = Table(), Account(reading=Failure("AccessDeniedException", "no"))

    handled, _ = audit_changes([change()], deps=dependencies(account, table=table))

    assert isinstance(handled[0].error, ReadError)
    assert table.deleted == []


def test_a_read_that_did_not_happen_deletes_nothing() -> None:
    table, account = Table(), Account(left_out="lambda:GetFunctionConfiguration")

    handled, _ = audit_changes([change()], deps=dependencies(account, table=table))

    assert str(handled[0].error) == "lambda:GetFunctionConfiguration was not read"
    assert table.deleted == []


def test_a_function_that_was_read_and_not_judged_is_an_error() -> None:
    """Facts that lose a function must not look like its deletion."""
    table, account = Table(), functions("orders-api")
    account.functions["orders-api"] = configuration("orders-api", Version="7")

    handled, _ = audit_changes([change()], deps=dependencies(account, table=table))

    assert str(handled[0].error) == "orders-api was read and not judged"
    assert table.deleted == []


@pytest.mark.parametrize(
    "error",
    [
        OpaUnavailableError("dead"),
        UndefinedDecisionError("no bundle"),
        FactsError("contract"),
        KeyError("unforeseen"),
    ],
)
def test_without_a_decision_nothing_is_recorded_and_every_message_comes_back(error: Exception) -> None:
    """No decision is never "no violations"."""
    table = Table()
    deps = dependencies(functions("a", "b"), policy=OneRule(error=error), table=table)

    handled, counts = audit_changes([change("a"), change("b"), change("gone")], deps=deps)

    assert [one.error for one in handled] == [error] * 3
    assert (table.looks, table.deleted, counts) == ([], [], Counter())


def test_a_group_that_fails_takes_no_other_along() -> None:
    table, error = Table(), UndefinedDecisionError("conflict")
    deps = dependencies(
        functions("a", "b"), policy=OneRule(error=error, fails_for=frozenset({"a"})), table=table
    )

    handled, _ = audit_changes([change("a", vpc_id="vpc-0a"), change("b", vpc_id="vpc-0b")], deps=deps)

    assert [one.error for one in handled] == [error, None]
    assert table.functions() == ["b"]


def test_a_function_that_breaks_the_contract_fails_alone() -> None:
    """Its neighbours in the VPC would come back with it, until all of them are given up."""
    table, error = Table(), FactsError("contract")
    deps = dependencies(
        functions("a", "b", "c"), policy=OneRule(error=error, fails_for=frozenset({"b"})), table=table
    )

    handled, _ = audit_changes([change(name) for name in ("a", "b", "c", "gone")], deps=deps)

    assert [str(one.error) for one in handled] == ["None", "b: contract", "None", "None"]
    assert [one.is_deleted for one in handled] == [False, False, False, True]
    assert table.functions() == ["a", "c"]
    assert [deleted[2] for deleted in table.deleted] == ["gone"]


def test_an_account_without_a_role_fails_alone() -> None:
    table = Table()
    deps = dependencies(
        functions("a", "b"),
        table=table,
        reader=lambda account_id, _: None if account_id == MEMBER else object(),
    )

    handled, _ = audit_changes([change("a", account_id=MEMBER), change("b")], deps=deps)

    assert str(handled[0].error) == "account 444455556666 cannot be read: there is no role to read it with"
    assert table.functions() == ["b"]


def test_a_table_that_refuses_makes_the_message_come_back() -> None:
    error = FindingStoreError("throttled")

    handled, _ = audit_changes(
        [change()], deps=dependencies(functions("orders-api"), table=Table(error=error))
    )

    assert handled == [Handled(change=change(), error=error)]


def test_a_timeout_under_which_nothing_ever_begins_is_an_error_that_says_so() -> None:
    """Put back it would go round and round, and nobody would hear of it."""
    account = functions("orders-api")

    handled, _ = audit_changes([change()], deps=dependencies(account), until=time.monotonic() + 29)

    assert isinstance(handled[0].error, ConfigurationError)
    assert str(handled[0].error) == "not begun: the function's Timeout must be at least 125 seconds"
    assert account.asked == []


@pytest.mark.parametrize(
    "fields",
    [{"State": "Pending"}, {"LastUpdateStatus": "InProgress"}, {"State": "Deleting"}],
)
def test_a_function_under_way_is_judged_and_looked_at_again(fields: dict[str, str]) -> None:
    table, queue = Table(), Queue()

    handled, _ = audit_changes(
        [change()], deps=dependencies(functions("orders-api", **fields), table=table, queue=queue)
    )

    again = change(attempt=1)
    assert table.functions() == ["orders-api"]
    assert queue.sent == [(again, 30)]
    assert handled == [Handled(change=change(), again_in_seconds=30)]


@pytest.mark.parametrize(
    "fields", [{"State": "Failed"}, {"LastUpdateStatus": "Failed"}, {"State": "Inactive"}]
)
def test_a_function_that_has_failed_is_judged_at_once(fields: dict[str, str]) -> None:
    """Nothing will come: what it says now is the truth."""
    queue = Queue()

    handled, _ = audit_changes([change()], deps=dependencies(functions("orders-api", **fields), queue=queue))

    assert handled == [Handled(change=change())]
    assert queue.sent == []


def test_delays_grow_to_the_longest_that_a_message_can_wait_and_end() -> None:
    queue = Queue()
    deps = dependencies(functions("orders-api", State="Pending"), queue=queue)
    for attempt in range(8):
        audit_changes([change(attempt=attempt)], deps=deps)

    (last,), _ = audit_changes([change(attempt=8)], deps=deps)

    assert [(one.attempt, seconds) for one, seconds in queue.sent] == [
        *((1, 30), (2, 60), (3, 120), (4, 240), (5, 480)),
        *((6, 900), (7, 900), (8, 900)),
    ]
    assert last == Handled(change=change(attempt=8), is_given_up=True)


@pytest.mark.parametrize(("attempt", "sent"), [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("event_name", "account"),
    [("DeleteFunction20150331", functions("orders-api")), ("CreateFunction20150331", Account())],
)
def test_a_first_read_that_contradicts_the_event_is_repeated_once(
    event_name: str, account: Account, attempt: int, sent: int
) -> None:
    """AWS may answer from before the call; believing it at once would leave a wrong verdict for a day."""
    queue = Queue()

    audit_changes([change(event_name=event_name, attempt=attempt)], deps=dependencies(account, queue=queue))

    assert len(queue.sent) == sent


def test_a_nat_gateway_under_way_is_looked_at_again() -> None:
    """It becomes available without any event."""
    vpc = {"SubnetIds": ["subnet-0a"], "SecurityGroupIds": ["sg-0a"], "VpcId": "vpc-0a"}
    account, queue = functions("in-vpc", VpcConfig=vpc), Queue()
    account.functions["outside"] = configuration("outside")
    account.extra = {
        "ec2:DescribeNatGateways": {
            "NatGateways": [
                {"NatGatewayId": "nat-0a", "State": "pending", "VpcId": "vpc-0a", "SubnetId": "subnet-0b"}
            ]
        }
    }

    audit_changes([change("in-vpc"), change("outside")], deps=dependencies(account, queue=queue))

    assert [one.function_name for one, _ in queue.sent] == ["in-vpc"]


def test_without_a_queue_what_has_not_settled_is_left_to_the_sweep() -> None:
    handled, _ = audit_changes([change()], deps=dependencies(functions("orders-api", State="Pending")))

    assert handled == [Handled(change=change())]


def test_a_queue_that_refuses_makes_the_message_come_back() -> None:
    """The look is recorded; judging it again changes nothing."""
    table, error = Table(), QueueError("refused")
    deps = dependencies(functions("orders-api", State="Pending"), table=table, queue=Queue(error=error))

    handled, _ = audit_changes([change()], deps=deps)

    assert handled == [Handled(change=change(), error=error)]
    assert table.functions() == ["orders-api"]
