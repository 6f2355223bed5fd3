"""What an alias or version serves, and the snapshot in which that stands where $LATEST stood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vpcguard.cli.explain import Standing, of_account, of_file
from vpcguard.cli.reading import Selection
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.facts import build_facts
from vpcguard.model import Answers, Failure, Snapshot

Json = dict[str, Any]
ACCOUNT, REGION = "111122223333", "eu-west-1"
ALIASES, VERSIONS = "lambda:ListAliases", "lambda:ListVersionsByFunction"
ONE, GROUPS = "lambda:GetFunctionConfiguration", "ec2:DescribeSecurityGroups"


def _network(*subnets: str, vpc: str = "vpc-0a", group: str = "sg-0a") -> Json:
    return {"VpcId": vpc, "SubnetIds": list(subnets), "SecurityGroupIds": [group]}


def _function(version: str = "$LATEST", *subnets: str) -> Json:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    return {
        "FunctionName": "orders",
        "FunctionArn": arn if version == "$LATEST" else f"{arn}:{version}",
        "Version": version,
        "Role": f"arn:aws:iam::{ACCOUNT}:role/orders",
        "VpcConfig": _network(*(subnets or ("subnet-a", "subnet-b"))),
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


@pytest.fixture
def snapshot() -> Snapshot:
    """A function in function scope whose alias live serves 7 and 8, of which 7 has an older network."""
    weights = {"AdditionalVersionWeights": {"7": 0.25}}
    aliases = [
        {"Name": "live", "FunctionVersion": "8", "RoutingConfig": weights},
        {"Name": "next", "FunctionVersion": "$LATEST"},
    ]
    versions = [
        {"Version": "$LATEST"},
        {"Version": "7", "VpcConfig": _network("subnet-old")},
        {"Version": "8", "VpcConfig": _network("subnet-b", "subnet-a")},
        {"Version": "9"},
        {"Version": "10", "VpcConfig": _network("subnet-x", vpc="vpc-0b")},
        {"Version": "11", "VpcConfig": _network("subnet-a", group="sg-of-another-vpc")},
    ]
    answers = {
        ONE: {"orders": _function()},
        ALIASES: {"orders": {"Aliases": aliases}},
        VERSIONS: {"orders": {"Versions": versions}},
        GROUPS: {"SecurityGroups": [{"GroupId": "sg-0a", "VpcId": "vpc-0a"}]},
    }
    return Snapshot(
        account_id=ACCOUNT, region=REGION, captured_at="2026-11-20T12:00:00.123456Z", own=Answers(answers)
    )


def _standings(snapshot: Snapshot, spelling: str) -> list[Standing]:
    return list(of_file(snapshot, Selection(functions=[spelling])))


def _judged(standing: Standing) -> Json:
    """Return the one function that rules are asked about."""
    function: Json = build_facts(standing.snapshot)["functions"][0]
    return function


def _without(snapshot: Snapshot, operation: str, failure: Failure | None = None) -> Snapshot:
    answers = {key: one for key, one in snapshot.own.answers.items() if key != operation}
    return replace(snapshot, own=Answers(answers, {operation: failure} if failure else {}))


@pytest.mark.parametrize("spelling", ["orders", "orders:$LATEST", "orders:next"])
def test_latest_is_judged_as_it_was_read(snapshot: Snapshot, spelling: str) -> None:
    [standing] = _standings(snapshot, spelling)

    assert (standing.share.version, standing.share.weight) == ("$LATEST", 1)
    assert standing.snapshot is snapshot


def test_an_alias_with_weights_serves_several_versions(snapshot: Snapshot) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders:live"

    eight, seven = _standings(snapshot, arn)

    assert [eight.share, seven.share] == [("8", 0.75), ("7", 0.25)]
    assert [eight.is_latest_network, seven.is_latest_network] == [True, False]
    assert _judged(seven)["subnet_ids"] == ["subnet-old"]


def test_a_version_stands_in_the_place_of_latest(snapshot: Snapshot) -> None:
    """The rest is that of $LATEST; the state, which each version has for itself, is left out."""
    [standing] = _standings(snapshot, "orders:7")

    function = _judged(standing)
    assert function["arn"].endswith(":function:orders")
    assert function["role_name"] == "orders"
    assert "state" not in function
    assert (function["aliases"], function["versions"]) == ([], [])
    assert standing.snapshot.not_requested == (ONE, ALIASES, VERSIONS)
    assert standing.stored is snapshot


def test_a_version_outside_a_vpc_is_judged_as_such(snapshot: Snapshot) -> None:
    [standing] = _standings(snapshot, "orders:9")

    assert _judged(standing)["subnet_ids"] == []


def test_a_group_of_another_vpc_that_nobody_asked_for_is_not_missing(snapshot: Snapshot) -> None:
    """In function scope the groups of the VPC were read, and others where $LATEST names them."""
    [standing] = _standings(snapshot, "orders:11")
    [whole] = _standings(_with_list(snapshot), "orders:11")

    assert standing.snapshot.own.failures[GROUPS] == Failure("Partial", "not asked for what version 11 names")
    assert GROUPS not in whole.snapshot.own.failures


def _with_list(snapshot: Snapshot) -> Snapshot:
    answers = {**snapshot.own.answers, "lambda:ListFunctions": {"Functions": [_function()]}}
    return replace(snapshot, own=Answers(answers))


@pytest.mark.parametrize(
    ("spelling", "said"),
    [
        ("orders:lvie", "orders has no alias 'lvie'; did you mean live?"),
        ("orders:stage", "orders has no alias 'stage'; it has live, next"),
        ("orders:12", "orders has no version '12'; it has 8, 9, 10, 11, $LATEST"),
        (
            "orders:$LATEST.PUBLISHED",
            "orders has no version '$LATEST.PUBLISHED'; it has 8, 9, 10, 11, $LATEST",
        ),
        ("order:live", "no function 'order' in 111122223333 eu-west-1; did you mean orders?"),
    ],
)
def test_what_does_not_exist_is_an_error_with_what_was_probably_meant(
    snapshot: Snapshot, spelling: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _standings(snapshot, spelling)

    assert str(raised.value) == said


def test_a_function_without_aliases_has_none_to_name(snapshot: Snapshot) -> None:
    bare = replace(snapshot, own=Answers({**snapshot.own.answers, ALIASES: {"orders": {"Aliases": []}}}))

    with pytest.raises(ConfigurationError, match=r"^orders has no alias 'live'$"):
        _standings(bare, "orders:live")


@pytest.mark.parametrize(
    ("operation", "spelling", "failure", "said"),
    [
        (ALIASES, "orders:live", None, "lambda:ListAliases was not read; it needs the permission lambda:Li"),
        (VERSIONS, "orders:7", None, "lambda:ListVersionsByFunction was not read; it needs the permission "),
        (ALIASES, "orders:live", Failure("Denied", "no"), "lambda:ListAliases was refused: Denied: no; it "),
    ],
)
def test_what_was_not_read_is_never_guessed(
    snapshot: Snapshot, operation: str, spelling: str, failure: Failure | None, said: str
) -> None:
    with pytest.raises(ReadError) as raised:
        _standings(_without(snapshot, operation, failure), spelling)

    assert f"what {spelling} serves is not known: {said}" in str(raised.value)


def test_a_list_that_broke_off_proves_no_absence(snapshot: Snapshot) -> None:
    failures = {VERSIONS: {"orders": Failure("Denied", "no")}}
    partial = replace(snapshot, own=Answers(snapshot.own.answers, failures))

    assert len(_standings(partial, "orders:7")) == 1
    with pytest.raises(ReadError, match="lambda:ListVersionsByFunction was refused"):
        _standings(partial, "orders:12")


def test_a_version_in_a_vpc_that_was_not_read_is_not_judged(snapshot: Snapshot) -> None:
    """What the snapshot does not hold would seem to be gone."""
    with pytest.raises(ReadError, match="attached to vpc-0b, of which this snapshot holds nothing"):
        _standings(snapshot, "orders:10")


# ---- live ----


def _live(snapshot: Snapshot, spelling: str, *found: Json) -> tuple[list[Standing], list[str]]:
    """Return what is to be explained, and the versions that were read; found: what AWS says of versions."""
    asked = []

    def read(selection: Selection) -> Snapshot:
        asked.append(selection.version)
        if selection.version == "$LATEST":
            return snapshot
        entries = {one["FunctionName"]: one for one in found if one["Version"] == selection.version}
        return replace(snapshot, own=Answers({**snapshot.own.answers, ONE: entries}))

    return list(of_account(Selection(functions=[spelling]), read)), asked


def test_each_version_is_read_with_its_own_configuration(snapshot: Snapshot) -> None:
    standings, asked = _live(
        snapshot, "orders:live", _function("7", "subnet-old"), _function("8", "subnet-a", "subnet-b")
    )

    assert asked == ["$LATEST", "8", "7"]
    assert [_judged(one)["subnet_ids"] for one in standings] == [["subnet-a", "subnet-b"], ["subnet-old"]]
    assert [one.is_latest_network for one in standings] == [True, False]
    assert _judged(standings[1])["state"] == "Active"
    assert standings[1].snapshot.not_requested == (ALIASES, VERSIONS)


def test_latest_is_read_once(snapshot: Snapshot) -> None:
    _, asked = _live(snapshot, "orders:next")

    assert asked == ["$LATEST"]


def test_a_version_that_aws_does_not_know_is_an_error(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpcguard.cli.explain.list_versions", lambda _: ["$LATEST", "7", "8"])

    with pytest.raises(ConfigurationError, match=r"^orders has no version '12'; it has 7, 8, \$LATEST$"):
        _live(snapshot, "orders:12")
