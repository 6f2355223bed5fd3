"""Who is told of a finding, and in which words, whatever names and texts others chose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.looks import ACCOUNT, EGRESS, REGION
from vpcguard.audit import notice_text
from vpcguard.audit.notifying import topic_of
from vpcguard.findings.queries import HistoryEntry

A, B = (f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in "ab")
NONE: dict[str, Any] = dict.fromkeys(HistoryEntry.__dataclass_fields__)
CAUSE = {"root_cause": "nat-0a", "root_cause_kind": "nat_gateway", "root_cause_name": "egress-a"}


def an_entry(**fields: Any) -> HistoryEntry:
    """Return a change of a finding; a test states what matters to it."""
    place = {"account_id": ACCOUNT, "region": REGION, "function_name": "orders-api", "rule_id": EGRESS}
    said = {"organization_unit": "root/prod/payments", "owner": "dana", "tags": {"team": "payments"}}
    return HistoryEntry(**(NONE | place | said | fields))


@pytest.mark.parametrize(
    ("match", "is_told"),
    [
        ({"account_id": ACCOUNT}, True),
        ({"account_id": "1111*"}, True),
        ({"account_id": "2*"}, False),
        ({"region": "eu-*", "function": "orders-*"}, True),
        ({"region": "eu-*", "function": "pay-*"}, False),
        ({"organization_unit": "root/*"}, True),
        ({"organization_unit": "root/prod"}, False),
        ({"tag": {"team": "pay*"}}, True),
        ({"tag": {"TEAM": "payments"}}, True),
        ({"tag": {"team": "{orders,payments}", "owner": "dana"}}, True),
        ({"tag": {"team": "payments", "owner": "ann"}}, False),
        ({"tag": {"cost-center": "*"}}, False),
        ({"account_id": ACCOUNT, "tag": {"team": "orders"}}, False),
    ],
)
def test_all_that_an_entry_gives_must_match(match: dict[str, Any], *, is_told: bool) -> None:
    document = {"version": 1, "owners": [{"match": match, "topic": A}]}

    assert topic_of(document, an_entry()) == (A if is_told else None)


@pytest.mark.parametrize(
    "match", [{"organization_unit": "*"}, {"tag": {"team": "*"}}, {"tag": {"owner": "*"}}]
)
def test_what_is_not_known_is_matched_by_nothing(match: dict[str, Any]) -> None:
    """A star must not tell strangers of a function whose unit or tags could not be read."""
    document = {"owners": [{"match": match, "topic": A}]}

    assert topic_of(document, an_entry(organization_unit=None, tags=None, owner=None)) is None


def test_the_last_entry_that_matches_counts() -> None:
    everybody, payments = {"account_id": "*"}, {"tag": {"team": "payments"}}
    owners = [{"match": everybody, "topic": A}, {"match": payments, "topic": B}]

    assert topic_of({"owners": owners}, an_entry()) == B
    assert topic_of({"owners": owners}, an_entry(tags={})) == A
    assert topic_of({"owners": owners[::-1]}, an_entry()) == A
    assert topic_of({}, an_entry()) is None


def a_change(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a change as it was gathered."""
    stated = {
        "change_id": f"vgc-{number}",
        "finding_id": f"vg-{number}",
        "account_id": ACCOUNT,
        "account_name": "payments-prod",
        "region": REGION,
        "function_name": f"f{number:03}",
        "rule_id": EGRESS,
        "title": "Function has no way to the internet",
        "message": f"f{number:03} cannot reach the internet: nat-0a was deleted",
        "severity": "high",
        "status": "open",
        "changed_at": f"2026-11-20T12:{number % 60:02}:00.000000Z",
    }
    return NONE | stated | CAUSE | fields


def test_a_message_names_cause_fault_repair_actor_and_functions() -> None:
    changes = [a_change(0, actor="dana"), a_change(1, actor="dana"), a_change(2)]

    notice = notice_text.begun(changes, advice="Create another one.", ended=1)

    assert notice.subject == "Lambda VPC Guard: high, nat-0a (egress-a), 3 functions"
    assert notice.message == (
        "NAT gateway nat-0a (egress-a) (account 111122223333, eu-west-1): 3 functions, severity high.\n"
        "\n"
        "What is wrong: Function has no way to the internet: cannot reach the internet: nat-0a was deleted\n"
        "The repair: Create another one.\n"
        "Caused by: dana, seen first 2026-11-20T12:00:00.000000Z\n"
        "Rule: nat.no_internet_egress\n"
        "Ended meanwhile: 1 function\n"
        "\n"
        "Functions: 3\n"
        "- f000, 111122223333 (payments-prod) eu-west-1, vg-0\n"
        "- f001, 111122223333 (payments-prod) eu-west-1, vg-1\n"
        "- f002, 111122223333 (payments-prod) eu-west-1, vg-2\n"
    )


def test_a_cause_of_many_accounts_is_its_owners() -> None:
    changes = [
        a_change(number, account_id=f"{number:012}", root_cause_account="999900001111")
        for number in range(30)
    ]

    notice = notice_text.begun(changes, advice="", ended=0)

    assert notice.message.startswith("NAT gateway nat-0a (egress-a) (account 999900001111, eu-west-1): 30")
    assert "Functions: 30 in 30 accounts, the first 20\n" in notice.message
    assert "The repair" not in notice.message


def test_the_worst_severity_is_that_of_the_message() -> None:
    changes = [a_change(0, severity="low"), a_change(1, severity="critical"), a_change(2)]

    assert "severity critical" in notice_text.begun(changes, advice="", ended=0).message


HOSTILE = "x\r\nSubject: paid\x1b[31m\u202e<a href=evil>\x00" + "é" * 5_000


@pytest.mark.parametrize(
    "write",
    [
        lambda changes: notice_text.begun(changes, advice=HOSTILE, ended=0),
        notice_text.ended,
        notice_text.backlog,
    ],
)
def test_texts_of_others_stay_one_line_each_and_a_subject_is_what_sns_takes(write: Any) -> None:
    """SNS refuses a subject with a line break, beyond ASCII or of 100 characters: nobody would be told."""
    named = ("root_cause_name", "account_name", "title", "message", "actor", "vpc_id", "root_cause")
    changes = [
        a_change(number, **dict.fromkeys(named, HOSTILE), status_reason="fixed") for number in range(500)
    ]

    notice = write(changes)

    assert notice.subject.isascii()
    assert notice.subject.isprintable()
    assert len(notice.subject) < 100
    assert notice.subject.startswith("Lambda VPC Guard: ")
    assert len(notice.message.encode()) <= notice_text.MESSAGE_BYTES
    assert all(line.isprintable() for line in notice.message.splitlines())
    assert "\nSubject: paid" not in notice.message


def test_a_summary_names_the_worst_causes_and_counts_the_rest() -> None:
    changes = [a_change(number, root_cause=f"nat-{number % 40:02}") for number in range(100)]

    notice = notice_text.backlog(changes)

    assert notice.subject == "Lambda VPC Guard: open already, 100 findings"
    assert notice.message.count("- high: NAT gateway nat-") == 20
    assert "- and 20 more causes\n" in notice.message


def test_the_end_says_how_it_came() -> None:
    reasons = ["fixed", "fixed", "intent_changed", "rule_off"]
    changes = [a_change(number, status_reason=reason) for number, reason in enumerate(reasons)]

    text = notice_text.ended(changes).message

    assert "its findings have ended, the last of them on 4 functions.\n" in text
    assert "Ended: 2, fixed\n" in text
    assert "Ended: 1, the configuration switched the rule off\n" in text
    assert "The repair" not in text
