"""What exempts what, until when, and what is refused as an exemption."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpcguard.clock import rfc3339
from vpcguard.errors import ExemptionError
from vpcguard.findings.exemptions import (
    Exemption,
    Exemptions,
    Matcher,
    Subject,
    checked,
    derived_id,
    expiry,
    glob_matches,
    made,
    new_id,
    problems,
    said,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "match": {"account_id": "111122223333", "rule_id": "nat.no_internet_egress"},
    "reason": "the partner's firewall moves in March",
    "ticket": "NET-12",
    "owner": "payments",
    "expires_at": "2027-03-31",
}
SUBJECT = Subject(
    account_id="111122223333",
    region="eu-west-1",
    function_name="orders-api",
    rule_id="nat.no_internet_egress",
    organization_unit="root/prod/payments",
    root_cause="nat-0a1b",
    verdict="violation",
)


def exemption(**changes: Any) -> Exemption:
    """An exemption made at NOW, with some of its fields otherwise."""
    asked = made(ASKED, created_by="arn:aws:iam::1:user/a", now=NOW, exemption_id=new_id())
    return replace(asked, **changes)


def covering(*items: Exemption, subject: Subject = SUBJECT, now: datetime = NOW) -> Exemption | None:
    """Return what exempts the subject."""
    return Exemptions(items).covering(subject, now)


# ---- covering ----


def test_nothing_is_exempt_without_an_exemption() -> None:
    assert Exemptions().covering(SUBJECT, NOW) is None


@pytest.mark.parametrize(
    "match",
    [
        {"rule_id": "nat.no_internet_egress"},
        {"family": "nat"},
        {"root_cause": "nat-0a1b"},
        {"account_id": "1111*"},
        {"function": "orders-*"},
        {"organization_unit": "root/prod/*"},
        {
            "organization_unit": "*payments",
            "account_id": "1*",
            "region": "eu-*",
            "function": "*",
            "family": "nat",
        },
    ],
)
def test_what_matches_in_all_that_is_given_is_exempt(match: dict[str, str]) -> None:
    one = exemption(match=Matcher(**match))

    assert covering(one) == one


@pytest.mark.parametrize(
    "match",
    [
        {"rule_id": "nat.no_internet"},
        {"family": "na"},
        {"root_cause": "nat-0a1b2"},
        {"root_cause": "nat-*"},
        {"rule_id": "nat.*"},
        {"account_id": "11112222333"},
        {"function": "orders"},
        {"function": "Orders-*"},
        {"organization_unit": "root/prod"},
        {"organization_unit": "*payments", "account_id": "1*", "region": "us-*"},
    ],
)
def test_what_differs_in_one_thing_is_not(match: dict[str, str]) -> None:
    assert covering(exemption(match=Matcher(**match))) is None


def test_a_unit_that_is_not_known_is_matched_by_no_glob() -> None:
    nameless = replace(SUBJECT, organization_unit=None, root_cause=None)

    assert covering(exemption(match=Matcher(organization_unit="*")), subject=nameless) is None
    assert covering(exemption(match=Matcher(family="nat")), subject=nameless) is not None


def test_a_violation_and_an_unknown_are_exempted_apart() -> None:
    unknown = replace(SUBJECT, verdict="unknown")
    attested = exemption(covers="unknown")

    assert (covering(attested), covering(attested, subject=unknown)) == (None, attested)
    assert covering(exemption(), subject=unknown) is None


def test_it_holds_from_its_creation_until_its_expiry() -> None:
    one = exemption()
    last = datetime(2027, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    assert covering(one, now=NOW - timedelta(microseconds=1)) is None
    assert (covering(one, now=NOW), covering(one, now=last)) == (one, one)
    assert covering(one, now=last + timedelta(microseconds=1)) is None


def test_a_revoked_one_exempts_nothing() -> None:
    assert covering(exemption(revoked_at=rfc3339(NOW), revoked_by="x")) is None
    assert covering(exemption(revoked_at=rfc3339(NOW + timedelta(days=1)), revoked_by="x")) is None


def test_of_several_the_one_that_lasts_longest_covers_then_the_smallest_id() -> None:
    first, second = (exemption(exemption_id=f"vx-{32 * digit}") for digit in "12")
    longest = exemption(exemption_id=f"vx-{32 * '9'}", expires_at=rfc3339(NOW + timedelta(days=300)))
    lapsed = exemption(created_at=rfc3339(NOW - timedelta(days=9)), expires_at=rfc3339(NOW))

    assert covering(second, lapsed, longest, first) == longest
    assert covering(second, first) == covering(first, second) == first


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_the_order_in_which_they_were_read_does_not_matter(order: list[int], revoked: set[int]) -> None:
    ids = [derived_id(str(number)) for number in range(6)]
    items = [
        exemption(
            exemption_id=ids[number],
            expires_at=rfc3339(NOW + timedelta(days=1 + number // 2)),
            revoked_at=rfc3339(NOW) if number in revoked else None,
        )
        for number in order
    ]
    left = [one for one in items if one.revoked_at is None]
    longest = max((one.expires_at for one in left), default="")
    expected = min((one.exemption_id for one in left if one.expires_at == longest), default=None)

    found = covering(*items)

    assert (found.exemption_id if found else None) == expected


MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "account_id": st.sampled_from(["111122223333", "1*", "444455556666", "{111122223333,nat-0a1b}"]),
        "rule_id": st.sampled_from(["nat.no_internet_egress", "az.single_az"]),
        "root_cause": st.sampled_from(["nat-0a1b", "111122223333"]),
        "family": st.sampled_from(["nat", "az"]),
        "function": st.sampled_from(["orders-*", "orders-api", "x"]),
    },
)


@given(st.lists(MATCHES, max_size=12), st.sampled_from([None, "nat-0a1b", "111122223333"]))
def test_among_many_none_is_overlooked(matches: list[dict[str, str]], root_cause: str | None) -> None:
    subject = replace(SUBJECT, root_cause=root_cause)
    items = [
        exemption(match=Matcher(**match), exemption_id=derived_id(str(number)))
        for number, match in enumerate(matches)
    ]
    expected = sorted(one.exemption_id for one in items if one.match.matches(subject))

    found = covering(*items, subject=subject)

    assert (found and found.exemption_id) == next(iter(expected), None)


# ---- making one ----


def test_one_that_is_made_says_who_why_and_until_when() -> None:
    one = made(
        ASKED, created_by="arn:aws:iam::1:user/a", now=NOW, exemption_id="vx-" + 32 * "a", source="x.yaml"
    )

    assert one.as_document() == {
        "exemption_id": "vx-" + 32 * "a",
        "covers": "violation",
        "match": {"account_id": "111122223333", "rule_id": "nat.no_internet_egress"},
        "reason": "the partner's firewall moves in March",
        "ticket": "NET-12",
        "owner": "payments",
        "created_by": "arn:aws:iam::1:user/a",
        "created_at": "2026-11-20T12:00:00.000000Z",
        "expires_at": "2027-04-01T00:00:00.000000Z",
        "revoked_at": None,
        "revoked_by": None,
        "revision": 1,
        "source": "x.yaml",
    }
    assert one.ends_at == one.expires_at


def asked(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (ASKED | changes).items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": ...}, "reason"),
        ({"reason": " \n"}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "x" * 1_001}, "reason"),
        ({"reason": "a\x1b[31m"}, "reason"),
        ({"reason": "half \ud83d of one"}, "reason"),
        ({"owner": ...}, "owner"),
        ({"owner": ""}, "owner"),
        ({"owner": ["payments"]}, "owner"),
        ({"ticket": ""}, "ticket"),
        ({"ticket": "x" * 201}, "ticket"),
        ({"covers": "pass"}, "covers"),
        ({"covers": None}, "covers"),
        ({"expires_at": ...}, "expires_at"),
        ({"expires_at": 20270331}, "expires_at"),
        ({"created_by": "arn:aws:iam::1:user/somebody-else"}, "created_by"),
        ({"match": ...}, "match"),
        ({"match": {}}, "match"),
        ({"match": "az.single_az"}, "match"),
        ({"match": {"family": None}}, "match"),
        ({"match": {"account": "111122223333"}}, "match.account"),
        ({"match": {"account_id": 111122223333}}, "match.account_id"),
        ({"match": {"account_id": "[1"}}, "match.account_id"),
        ({"match": {"rule_id": "nat.*"}}, "match.rule_id"),
        ({"match": {"rule_id": "nat.no_internet_egress\n"}}, "match.rule_id"),
        ({"match": {"family": "nat.no_internet_egress"}}, "match.family"),
        ({"match": {"root_cause": " "}}, "match.root_cause"),
        ({"match": {"function": "x" * 641}}, "match.function"),
        ({"covers": "unknown", "match": {"root_cause": "tgw-0a", "family": "nat"}}, "match.root_cause"),
        ({"match": {"function": {"*": "*"}}}, "match.function"),
    ],
)
def test_what_is_no_exemption_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ExemptionError) as refused:
        made(asked(**changes), created_by="x", now=NOW, exemption_id=new_id())

    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert len(str(refused.value)) < 400


def test_all_that_is_wrong_is_told_at_once() -> None:
    given = {"match": {"accounts": "1", "family": "", "region": "["}, "expires_at": "x", "owner": 1, "a": 2}

    assert [one.field for one in problems(given, NOW)] == [
        *("a", "match.accounts", "match.family", "match.region"),
        *("reason", "owner", "expires_at"),
    ]
    assert list(problems(ASKED, NOW)) == []
    past = asked(expires_at="2020-01-01")
    assert [one.field for one in problems(past, NOW)] == ["expires_at"]
    assert list(problems(past, None)) == []  # it was made when that was to come


def test_what_is_said_is_the_same_however_it_is_written() -> None:
    written = asked(
        match={"rule_id": "nat.no_internet_egress", "account_id": "111122223333", "family": None},
        reason=" the partner's firewall moves in March\n",
        covers="violation",
        expires_at="2027-04-01T02:00:00+02:00",
    )

    assert said(written) == said(ASKED)
    assert said(asked(ticket=None)) != said(ASKED)


@pytest.mark.parametrize(
    "match",
    [
        {"region": "eu-west-1"},
        {"account_id": "*"},
        {"account_id": "[0-9]*", "region": "eu-*"},
        {"account_id": "????????????"},
        {"function": "?*"},
        {"function": "[!x]*", "account_id": "**"},
        {"organization_unit": "root/*"},
        {"organization_unit": "*", "function": "*"},
    ],
)
def test_what_would_exempt_everything_is_refused(match: dict[str, str]) -> None:
    with pytest.raises(ExemptionError, match="it matches everything"):
        made(asked(match=match), created_by="x", now=NOW, exemption_id=new_id())


@pytest.mark.parametrize(
    "match",
    [
        {"rule_id": "az.single_az", "account_id": "*"},
        {"account_id": "1*"},
        {"function": "*", "account_id": "111122223333"},
        {"organization_unit": "root/sandbox*"},
    ],
)
def test_what_names_something_may_match_much(match: dict[str, str]) -> None:
    assert made(asked(match=match), created_by="x", now=NOW, exemption_id=new_id()).match.given() == match


# ---- until when ----


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-31", "2027-04-01T00:00:00.000000Z"),
        ("2027-03-31T18:00:00Z", "2027-03-31T18:00:00.000000Z"),
        ("2027-03-31t18:00:00.25z", "2027-03-31T18:00:00.250000Z"),
        ("2027-03-31 20:00:00+02:00", "2027-03-31T18:00:00.000000Z"),
    ],
)
def test_it_ends_after_its_last_day_or_at_a_moment(text: str, moment: str) -> None:
    assert rfc3339(expiry(text)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-02-29",
        "2027-3-1",
        "20270331",
        "2027-W10-1",
        "2027-03-31T18:00:00",
        "2027-03-31T18:00",
        "2027-03-31T25:00:00Z",
        "2027-03-31T18:00:00+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "٢٠٢٧-03-31",
        "2027-03-31\n",
        "x" * 100_000,
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ExemptionError, match=r"^expires_at: .*2026-12-31T18:00:00Z") as refused:
        expiry(text)

    assert len(str(refused.value)) < 400


def test_nobody_exempts_into_the_past_or_for_longer_than_a_year() -> None:
    def until(text: str) -> Exemption:
        return made(asked(expires_at=text), created_by="x", now=NOW, exemption_id=new_id())

    assert until("2027-11-20T12:00:00Z").expires_at == "2027-11-20T12:00:00.000000Z"
    assert until("2027-11-19").expires_at == "2027-11-20T00:00:00.000000Z"
    assert until("2026-11-20").expires_at == "2026-11-21T00:00:00.000000Z"
    with pytest.raises(ExemptionError, match=r"expires_at: .* its last day may be 2027-11-19"):
        until("2027-11-20")
    with pytest.raises(ExemptionError, match="365 days"):
        until("2027-11-20T12:00:00.000001Z")
    for past in ("2026-11-19", "2026-11-20T12:00:00Z", "0001-01-01"):
        with pytest.raises(ExemptionError, match=r"expires_at: .* in the past"):
            until(past)


# ---- one that was stored ----


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exemption_id": "vx-1"}, "exemption_id"),
        ({"exemption_id": None}, "exemption_id"),
        ({"covers": "everything"}, "covers"),
        ({"reason": None}, "reason"),
        ({"created_by": None}, "created_by"),
        ({"created_at": None}, "created_at"),
        ({"created_at": "2026-11-20"}, "created_at"),
        ({"expires_at": "9999-12-31T00:00:00.000000Z"}, "expires_at"),
        ({"expires_at": "2026-11-20T12:00:00.000000Z"}, "expires_at"),
        ({"expires_at": "2026-02-30T12:00:00.000000Z"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00Z"}, "expires_at"),
        ({"revoked_at": "never"}, "revoked_at"),
        ({"revoked_at": ""}, "revoked_at"),
        ({"match": Matcher()}, "match"),
        ({"match": Matcher(function="[")}, "match.function"),
        ({"revision": 0}, "revision"),
        ({"source": None}, "source"),
    ],
)
def test_what_was_stored_is_checked_as_well(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ExemptionError) as refused:
        checked(exemption(**changes))

    assert refused.value.field == field


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            one.name: st.one_of(st.none(), st.integers(), st.text(max_size=9)) for one in fields(Exemption)
        },
    )
)
def test_whatever_is_stored_is_one_or_refused(changes: dict[str, Any]) -> None:
    """Nothing else may come out: another error would keep every other exemption from being read."""
    try:
        one = checked(replace(exemption(), **{**changes, "match": Matcher(family="nat")}))
    except ExemptionError:
        return
    assert timedelta(0) < expiry(one.expires_at) - expiry(one.created_at) <= timedelta(days=365)


def test_one_that_ended_is_still_one() -> None:
    ended = exemption(
        created_at=rfc3339(NOW - timedelta(days=900)), expires_at=rfc3339(NOW - timedelta(days=600))
    )

    assert checked(ended) == ended
    assert replace(ended, revoked_at=ended.created_at).ends_at == ended.created_at


def test_ids_are_new_or_of_what_they_name() -> None:
    assert new_id() != new_id()
    assert derived_id("a", "b") == derived_id("a", "b") != derived_id("a\nb")
    assert derived_id("half \ud83d").startswith("vx-")


def test_a_glob_of_many_stars_comes_to_an_end() -> None:
    """A matcher that goes back would not end today."""
    assert not glob_matches("*a" * 300 + "b", "a" * 600)


def test_a_document_is_made_of_all_fields() -> None:
    assert (
        list(exemption().as_document())
        == [one.name for one in fields(Exemption)]
        == list(asdict(exemption()))
    )
