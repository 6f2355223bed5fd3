"""What is counted agrees with what is found: root causes, verdicts that wait, what an exemption covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_finding, a_look, at
from vpcguard.errors import ListingError
from vpcguard.findings import pages
from vpcguard.findings import store as findings_store
from vpcguard.findings.counts import CauseCounts, WaitingVerdicts
from vpcguard.findings.exemptions import Exemption, Exemptions, Matcher
from vpcguard.findings.store import FindingStore
from vpcguard.model import cause_of

NAT_READ, SUBNET_READ = "ec2:DescribeNatGateways", "ec2:DescribeSubnets"
OTHER = "444455556666"


def _broken(function: str, *, account_id: str = ACCOUNT, nat: str = "nat-0a", **fields: Any) -> Any:
    stated = a_finding(
        function=function, account_id=account_id, root_cause=nat, root_cause_account="999900001111", **fields
    )
    return a_look(fields.get("minute", 0), violated=[stated], function=function, account_id=account_id)


def _unread(minute: int, function: str, **reads: tuple[str, ...]) -> Any:
    named = {EGRESS if name == "egress" else ZONES: operations for name, operations in reads.items()}
    return a_look(minute, unknown=list(named), function=function, failed_reads=named, unread=frozenset(named))


def test_one_cause_behind_functions_of_several_accounts_is_one_entry(store: FindingStore) -> None:
    names = [f"function-{number}" for number in range(20)]
    store.record_all([_broken(name) for name in names])
    store.record_all([_broken(name, account_id=OTHER) for name in names[:5]])
    store.record(_broken("alone", nat="nat-0b", severity="low"))

    causes = {one.root_cause: one for one in store.causes().items}

    assert (causes["nat-0a"].open, causes["nat-0a"].accounts) == ({"high": 25}, (ACCOUNT, OTHER))
    assert (causes["nat-0b"].open, causes["nat-0b"].accounts) == ({"low": 1}, (ACCOUNT,))
    assert (causes["nat-0a"].owner_id, causes["nat-0a"].rule_id) == ("999900001111", EGRESS)
    assert [one.open for one in store.causes(account_id=OTHER).items] == [{"high": 5}]
    assert store.cause(causes["nat-0a"].cause_id) == causes["nat-0a"]


def test_a_cause_that_is_repaired_is_gone(store: FindingStore, dynamodb: Any, table_name: str) -> None:
    store.record(_broken(FUNCTION))
    store.record(a_look(1, passed=[EGRESS]))

    assert store.causes().items == ()
    kinds = {item["item_type"]["S"] for item in dynamodb.scan(TableName=table_name)["Items"]}
    assert "cause" not in kinds


def test_what_a_dying_writer_left_without_counting_anything_is_not_shown(
    store: FindingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted after the transaction, so it may stay; and it counts again when its cause comes back."""
    store.record(_broken(FUNCTION))
    store.record(_unread(1, "waiting", egress=(NAT_READ,)))
    (cause,) = store.causes().items
    monkeypatch.setattr(findings_store, "delete_empty", lambda _: None)

    store.record(a_look(2, passed=[EGRESS]))
    store.record(a_look(2, passed=[EGRESS], function="waiting"))

    assert store.causes().items == store.causes(account_id=ACCOUNT).items == ()
    assert store.cause(cause.cause_id) is None
    assert store.coverage().items == ()
    store.record(_broken(FUNCTION, minute=3))
    assert store.causes().items == (cause,)


def test_causes_come_whole_whatever_the_size_of_a_page(store: FindingStore) -> None:
    """Their counts lie in shares, and a page ends between two causes."""
    looks = [
        _broken(f"function-{number}", account_id=account_id, nat=f"nat-{nat}")
        for account_id in (ACCOUNT, OTHER)
        for nat in range(7)
        for number in range(nat * 10, nat * 10 + 10)
    ]
    store.record_all(looks)

    for size in (1, 2, 3, 100):
        found: list[CauseCounts] = []
        cursor = None
        while True:
            page = store.causes(page_size=size, cursor=cursor)
            assert len(page.items) <= size
            found.extend(page.items)
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted((one.root_cause, one.open["high"]) for one in found) == [
            (f"nat-{nat}", 20) for nat in range(7)
        ]


def test_what_joins_a_cause_after_it_was_listed_does_not_bring_it_again(store: FindingStore) -> None:
    """A share more, behind those that were shown; and of a failed read, too."""
    for nat in range(6):
        store.record(_broken("first", nat=f"nat-{nat}", minute=nat))
        store.record(_broken(f"function-{nat}", nat=f"nat-{nat}"))
        store.record(_unread(0, f"waiting-{nat}", egress=(f"ec2:Describe{nat}",)))

    causes, reads = list[str](), list[str]()
    cursor = None
    while True:
        page = store.causes(page_size=1, cursor=cursor)
        causes += [one.cause_id for one in page.items]
        for nat in range(6):
            store.record_all(
                [_broken(f"later-{number}", nat=f"nat-{nat}", account_id=OTHER) for number in range(4)]
            )
        if (cursor := page.cursor) is None:
            break
    while True:
        waiting = store.coverage(page_size=1, cursor=cursor)
        reads += [one.operation for one in waiting.items]
        for number in range(12):
            store.record(_unread(1, f"more-{number}", egress=tuple(f"ec2:Describe{nat}" for nat in range(6))))
        if (cursor := waiting.cursor) is None:
            break

    assert len(causes) == len(set(causes)) >= 6
    assert reads == [f"ec2:Describe{nat}" for nat in range(6)]


def test_a_page_of_causes_ends_after_a_thousand_shares(
    store: FindingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of causes behind functions of very many accounts; and each comes whole all the same."""
    monkeypatch.setattr(pages, "MOST_READ", 10)
    for account in range(7):
        account_id = f"{account:012}"
        store.record_all([_broken("one", account_id=account_id, nat=f"nat-{nat}") for nat in range(1)])
        store.record_all([_broken(f"of-{nat}", account_id=account_id, nat=f"nat-{nat}") for nat in range(5)])

    found, cursor, sizes = list[CauseCounts](), None, list[int]()
    while True:
        page = store.causes(page_size=100, cursor=cursor)
        found += page.items
        sizes.append(len(page.items))
        if (cursor := page.cursor) is None:
            break

    assert sorted((one.root_cause, len(one.accounts)) for one in found) == [
        (f"nat-{nat}", 7) for nat in range(5)
    ]
    assert len(sizes) > 1


@pytest.mark.parametrize("cursor", ["", "x", "WzAsIG51bGxd" * 3, "WzE3LCBudWxsXQ=="])
def test_what_is_no_cursor_of_causes_is_refused(store: FindingStore, cursor: str) -> None:
    with pytest.raises(ListingError):
        store.causes(cursor=cursor)


def test_a_failed_read_is_one_entry_with_the_verdicts_that_wait(store: FindingStore) -> None:
    names = [f"function-{number}" for number in range(30)]
    store.record_all(
        [_unread(0, name, egress=(NAT_READ, SUBNET_READ), zones=(SUBNET_READ,)) for name in names]
    )

    assert store.list_all().items == ()
    assert store.coverage().items == (
        WaitingVerdicts(
            account_id=ACCOUNT, region=REGION, operation=NAT_READ, verdicts=30, functions=30, changed_at=at(0)
        ),
        WaitingVerdicts(
            account_id=ACCOUNT,
            region=REGION,
            operation=SUBNET_READ,
            verdicts=60,
            functions=30,
            changed_at=at(0),
        ),
    )
    assert store.coverage(account_id=OTHER).items == ()

    store.record_all([a_look(1, passed=[EGRESS, ZONES], function=name) for name in names])

    assert store.coverage(account_id=ACCOUNT).items == ()


def test_a_look_in_several_steps_counts_its_function_once(
    store: FindingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits no more counts no function, in whichever step it ends."""
    monkeypatch.setattr(findings_store, "ITEMS_AT_ONCE", 1)
    waits = _unread(0, FUNCTION, egress=(NAT_READ, SUBNET_READ), zones=(SUBNET_READ,))
    store.record(waits)
    store.record(a_look(1, passed=[EGRESS, ZONES]))
    store.record(replace(waits, judged_at=at(2)))

    assert {one.operation: (one.verdicts, one.functions) for one in store.coverage().items} == {
        NAT_READ: (1, 1),
        SUBNET_READ: (2, 1),
    }


def test_a_function_that_is_gone_waits_for_nothing(store: FindingStore) -> None:
    store.record(_unread(0, FUNCTION, egress=(NAT_READ,)))

    store.resolve_deleted(
        account_id=ACCOUNT, region=REGION, function_name=FUNCTION, judged_at=at(1), trigger="sweep"
    )

    assert store.coverage().items == ()


def test_an_exemption_covers_a_finding_until_it_ends(dynamodb: Any, table_name: str) -> None:
    """It takes no look for either; what is counted and listed goes along."""
    now = datetime(2026, 11, 20, 13, tzinfo=UTC)
    exemption = Exemption(
        exemption_id="vx-" + "0" * 32,
        covers="violation",
        match=Matcher(rule_id=EGRESS),
        reason="moved in March",
        ticket=None,
        owner="team-payments",
        created_by="arn:aws:iam::111122223333:user/ann",
        created_at=at(0),
        expires_at=at(90),
    )
    known, clock = [Exemptions()], [now]
    store = FindingStore(dynamodb, table_name, exemptions=lambda: known[0], clock=lambda: clock[0])
    store.record(a_look(0, violated=[EGRESS]))
    place = (ACCOUNT, REGION, FUNCTION)
    assert store.replan(*place).outcome == "repeated"

    known[0] = Exemptions((exemption,))
    assert store.replan(*place).exempted == (EGRESS,)
    (found,) = store.list_by_exemption(exemption.exemption_id).items
    assert (found.status, found.verdict, found.exemption_id) == (
        "exempt",
        "violation",
        exemption.exemption_id,
    )
    (cause,) = store.causes().items
    assert (cause.cause_id, cause.open, cause.exempt) == (cause_of(found), {}, 1)
    assert [one.status for one in store.list_all(status=["exempt"]).items] == ["exempt"]

    clock[0] = now.replace(hour=13, minute=30)
    assert store.replan(*place).exemption_ended == (EGRESS,)
    assert store.replan(*place).outcome == "repeated"
    assert store.list_by_exemption(exemption.exemption_id).items == ()
    (found,) = store.list_by_function(*place).items
    assert (found.status, found.opened_at, found.changed_at) == ("open", at(90), at(90))
    assert [(one.change, one.exemption_id) for one in store.history(found.finding_id).items] == [
        ("exemption_ended", exemption.exemption_id),
        ("exempted", exemption.exemption_id),
        ("opened", None),
    ]


def test_nothing_is_written_before_what_the_change_rests_on_is_kept(store: FindingStore) -> None:
    """A finding whose snapshot could not be kept would lead to nothing."""

    def refused() -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        store.record(a_look(0, violated=[EGRESS]), before_change=refused)

    assert store.list_by_function(ACCOUNT, REGION, FUNCTION).items == ()
    store.record(a_look(0, violated=[EGRESS]))
    assert store.record(a_look(1, violated=[EGRESS]), before_change=refused).outcome == "recorded"
