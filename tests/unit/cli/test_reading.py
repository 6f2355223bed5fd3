"""Regions of one audit fail alone; where nothing could be read at all, it says so and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from vpcguard.cli import reading
from vpcguard.cli.report import Unread
from vpcguard.errors import ConfigurationError, NothingReadError
from vpcguard.model import Answers, Failure, Scope, Snapshot

ACCOUNT, HERE, THERE = "111122223333", "eu-west-1", "ap-east-1"
READ = Answers({"lambda:ListFunctions": {"Functions": []}})
REFUSED_ROLE = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")


def failed(code: str, message: str = "no") -> Answers:
    return Answers({}, {"lambda:ListFunctions": Failure(code, message)})


def read(
    monkeypatch: pytest.MonkeyPatch,
    answers: Mapping[str, Answers | Exception],
    *regions: str,
    all_regions: bool = False,
) -> list[Snapshot | Unread]:
    """Read regions that answer so; an exception is what the role says there."""

    def reader(_: object, account_id: str, region: str, __: object) -> SimpleNamespace:
        found = answers[region]
        if isinstance(found, Exception):
            raise found
        return SimpleNamespace(account_id=account_id, region=region, answers=found)

    def capture(scope: Scope, aws: SimpleNamespace, **_: object) -> Snapshot:
        return Snapshot(account_id=ACCOUNT, region=scope.region, captured_at="", own=aws.answers)

    monkeypatch.setattr(reading, "_place", lambda selection: (None, ACCOUNT, list(selection.regions)))
    monkeypatch.setattr(reading, "_reader", reader)
    monkeypatch.setattr(reading, "capture", capture)
    selection = reading.Selection(regions=regions or tuple(answers), all_regions=all_regions)
    return list(reading.read_regions(selection))


@pytest.mark.parametrize(
    "fault",
    [failed("InternalError"), failed("EndpointConnectionError"), REFUSED_ROLE],
)
def test_a_region_of_which_nothing_can_be_read_is_one_failed_read_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, fault: Answers | Exception
) -> None:
    found = read(monkeypatch, {THERE: fault, HERE: READ})

    assert [type(one) for one in found] == [Unread, Snapshot]
    assert isinstance(found[0], Unread)
    assert (found[0].region, found[0].operation) == (THERE, "the whole region")


def test_where_nothing_at_all_was_read_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NothingReadError) as raised:
        read(monkeypatch, {HERE: failed("ExpiredTokenException", "expired"), THERE: failed("InternalError")})

    assert str(raised.value) == (
        f"nothing could be read in {HERE}: lambda:ListFunctions: ExpiredTokenException: expired"
    )
    assert raised.value.code == "ExpiredTokenException"


def test_a_denial_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot says which permissions are missing."""
    (found,) = read(monkeypatch, {HERE: failed("AccessDeniedException")})

    assert isinstance(found, Snapshot)


def test_where_the_role_refuses_everywhere_its_own_words_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError, match="AssumeRole"):
        read(monkeypatch, {HERE: REFUSED_ROLE, THERE: REFUSED_ROLE})


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "AuthFailure", "OptInRequired"])
def test_a_region_that_is_not_enabled_is_a_failed_read_even_alone(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """The credentials are good: STS said so at home."""
    (found,) = read(monkeypatch, {THERE: failed(code)})

    assert isinstance(found, Unread)
    assert (found.code, found.message) == (
        code,
        "no; most likely the account has not enabled this region: enable it, or leave it out",
    )


@pytest.mark.parametrize(
    ("region", "code"), [("eu-wset-1", "EndpointConnectionError"), ("eu west", "InvalidRegionError")]
)
def test_a_region_that_does_not_exist_is_a_mistake_of_the_command(
    monkeypatch: pytest.MonkeyPatch, region: str, code: str
) -> None:
    said = rf"^no region answers to '{region}'; did you mean eu-west-\d\?: {code}: "
    with pytest.raises(ConfigurationError, match=said):
        read(monkeypatch, {HERE: READ, region: failed(code)})


def test_a_known_region_out_of_reach_is_no_misspelt_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NothingReadError, match=f"^nothing could be read in {HERE}: "):
        read(monkeypatch, {HERE: failed("EndpointConnectionError")})


@pytest.mark.parametrize("code", ["EndpointConnectionError", "UnknownRegionError"])
def test_a_region_that_aws_named_itself_exists(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """It may be younger than our botocore."""
    found = read(monkeypatch, {HERE: READ, "xx-new-1": failed(code)}, all_regions=True)

    assert [(type(one), one.region) for one in found] == [(Snapshot, HERE), (Unread, "xx-new-1")]
