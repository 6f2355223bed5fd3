"""Stored snapshots: what is written is read again the same, and what is none is refused with its place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpcguard.aws.operations import Each, Kind, NameTag, Shape
from vpcguard.errors import SnapshotError
from vpcguard.model import Answers, Failure, Snapshot
from vpcguard.snapshot import OPERATIONS, load_snapshot, parse_snapshot
from vpcguard.snapshot import document as snapshot_document

NAMES = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=8)
LEAVES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.text(max_size=8),
    Kind.WHOLE: st.integers(),
    Kind.NUMBER: st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    Kind.FLAG: st.booleans(),
    Kind.ANY: st.recursive(
        st.one_of(st.text(max_size=4), st.integers(), st.booleans(), st.none()),
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
        max_leaves=4,
    ).filter(lambda value: value is not None),
}


def _values(shape: Shape, required: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    if isinstance(shape, Kind):
        return LEAVES[shape]
    if isinstance(shape, NameTag):
        return st.lists(
            st.fixed_dictionaries({"Key": st.just("Name")}, optional={"Value": LEAVES[Kind.TEXT]})
        )
    if isinstance(shape, list):
        return st.lists(_values(shape[0]), max_size=2)
    if isinstance(shape, Each):
        return st.dictionaries(NAMES, _values(shape.shape, required), max_size=2)
    fields = {key: _values(field) for key, field in shape.items()}
    return st.fixed_dictionaries(
        {key: fields[key] for key in required},
        optional={key: field for key, field in fields.items() if key not in required},
    )


FAILURES = st.builds(Failure, code=NAMES, message=st.text(max_size=8))
ANSWERS = st.builds(
    Answers,
    st.fixed_dictionaries(
        {}, optional={key: _values(each.stored_shape(), each.lists) for key, each in OPERATIONS.items()}
    ),
    st.dictionaries(
        st.sampled_from(sorted(OPERATIONS)),
        st.one_of(FAILURES, st.dictionaries(NAMES.filter(lambda name: name != "code"), FAILURES, max_size=2)),
        max_size=3,
    ),
)
ACCOUNT_IDS = st.integers(0, 10**12 - 1).map("{:012}".format)
SNAPSHOTS = st.builds(
    Snapshot,
    account_id=ACCOUNT_IDS,
    region=st.sampled_from(["eu-west-1", "us-gov-west-1"]),
    captured_at=st.datetimes().map("{:%Y-%m-%dT%H:%M:%S.%fZ}".format).filter(lambda text: len(text) == 27),
    own=ANSWERS,
    owners=st.dictionaries(ACCOUNT_IDS, ANSWERS, max_size=1),
    not_requested=st.lists(st.sampled_from(sorted(OPERATIONS)), unique=True).map(sorted).map(tuple),
    account=st.none()
    | st.fixed_dictionaries({"name": st.text(max_size=8), "tags": st.dictionaries(NAMES, NAMES)}),
    reader=st.sampled_from([None, {"botocore": "1.44.8"}, {"vpcguard": "1.0.0", "botocore": "1.44.10"}]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(SNAPSHOTS)
def test_a_snapshot_survives_being_written_and_read(snapshot: Snapshot) -> None:
    """Replayed, it must give the same verdicts and carry the same digest."""
    again = parse_snapshot(json.loads(json.dumps(snapshot.as_document())))

    assert again == snapshot
    assert again.digest() == snapshot.digest()


SUBNETS = "answers.ec2:DescribeSubnets.Subnets"
MINIMAL: dict[str, Any] = {
    "schema_version": 1,
    "account_id": "111122223333",
    "region": "eu-west-1",
    "captured_at": "2026-11-20T12:00:00.123456Z",
    "answers": {},
}


def test_the_smallest_snapshot() -> None:
    assert parse_snapshot(MINIMAL) == Snapshot(
        account_id="111122223333",
        region="eu-west-1",
        captured_at="2026-11-20T12:00:00.123456Z",
        own=Answers(),
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00.000000Z"),
        ("2026-11-20T13:00:00.5+01:00", "2026-11-20T12:00:00.500000Z"),
    ],
)
def test_times_are_kept_in_one_form(written: str, kept: str) -> None:
    """They are compared as texts when two looks meet."""
    assert parse_snapshot(MINIMAL | {"captured_at": written}).captured_at == kept


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version must be 1, not 2"),
        ({"schema_version": True}, "schema_version must be 1, not True"),
        ({"schema_version": None}, "schema_version must be 1, not None"),
        ({"account_id": 111122223333}, "account_id must be an account id of 12 digits"),
        ({"account_id": "1" * 13}, "account_id must be an account id of 12 digits"),
        ({"region": "EU"}, "region must be a region such as eu-west-1"),
        (
            {"captured_at": "yesterday"},
            "captured_at must be an RFC 3339 time with its zone, such as 2026-11-20T12:00:00.123456Z",
        ),
        (
            {"captured_at": "2026-11-20T12:00:00"},
            "captured_at must be an RFC 3339 time with its zone, such as 2026-11-20T12:00:00.123456Z",
        ),
        (
            {"captured_at": "0001-01-01T00:00:00+14:00"},
            "captured_at must be an RFC 3339 time with its zone, such as 2026-11-20T12:00:00.123456Z",
        ),
        ({"captured_at": 5}, "captured_at must be text, not a number"),
        ({"reader": "boto3"}, "reader must be an object, not text"),
        ({"reader": {}}, "reader.botocore must be a version of botocore such as 1.44.8"),
        (
            {"reader": {"botocore": "latest"}},
            "reader.botocore must be a version of botocore such as 1.44.8",
        ),
        (
            {"reader": {"botocore": "1.31.62"}},
            "reader.botocore is 1.31.62, and AWS's answers take 1.31.63 or newer",
        ),
        ({"answers": []}, "answers must be an object, not a list"),
        ({"answers": None}, "answers must be an object, not null"),
        ({"failures": "none"}, "failures must be an object, not text"),
        (
            {"answers": {"ec2:DescribeSubnets": []}},
            "answers.ec2:DescribeSubnets must be an object, not a list",
        ),
        (
            {"answers": {"ec2:DescribeSubnets": {}}},
            f"{SUBNETS} must be a list; it is missing, which is not the same as empty",
        ),
        (
            {"answers": {"ec2:DescribeSubnets": {"Subnets": {}}}},
            "answers.ec2:DescribeSubnets.Subnets must be a list, not an object",
        ),
        (
            {"answers": {"ec2:DescribeSubnets": {"Subnets": [{"SubnetId": 5}]}}},
            "answers.ec2:DescribeSubnets.Subnets[0].SubnetId must be text, not a number",
        ),
        (
            {"answers": {"ec2:DescribeSubnets": {"Subnets": [{"AvailableIpAddressCount": True}]}}},
            f"{SUBNETS}[0].AvailableIpAddressCount must be a whole number, not true or false",
        ),
        (
            {"answers": {"lambda:ListAliases": {"orders": {"Aliases": "none"}}}},
            "answers.lambda:ListAliases.orders.Aliases must be a list, not text",
        ),
        (
            {"failures": {"ec2:DescribeSubnets": {"orders": "denied"}}},
            "failures.ec2:DescribeSubnets.orders must be an object, not text",
        ),
        (
            {"failures": {"ec2:DescribeSubnets": {"orders": {"message": "denied"}}}},
            "failures.ec2:DescribeSubnets.orders.code must be text; it is missing",
        ),
        ({"owners": {"x": {"answers": {}}}}, "a key of owners must be an account id of 12 digits"),
        ({"owners": {"444455556666": []}}, "owners.444455556666 must be an object, not a list"),
        ({"owners": {"444455556666": {}}}, "owners.444455556666.answers must be an object, not null"),
        ({"not_requested": "all"}, "not_requested must be a list, not text"),
        ({"account": {"name": 5}}, "account.name must be text, not a number"),
    ],
)
def test_what_is_no_snapshot_is_refused_with_its_place(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        parse_snapshot({**MINIMAL, **changes})

    assert str(caught.value) == message


@pytest.mark.parametrize("document", [None, [], "snapshot", 1])
def test_what_is_not_even_an_object_is_refused(document: Any) -> None:
    with pytest.raises(SnapshotError, match=r"^the snapshot must be an object, not "):
        parse_snapshot(document)


def test_fields_and_operations_of_another_version_are_left_out() -> None:
    document = MINIMAL | {
        "answers": {
            "ec2:DescribeSubnets": {
                "Subnets": [{"SubnetId": "subnet-0a", "New": 1, "State": None}],
                "Next": "x",
            },
            "ec2:DescribeSomethingNew": [],
        },
        "failures": {"ec2:DescribeSomethingNew": "?"},
        "new": 1,
    }

    assert parse_snapshot(document).own == Answers(
        {"ec2:DescribeSubnets": {"Subnets": [{"SubnetId": "subnet-0a"}]}}, {}
    )


def test_a_failure_told_by_policy_counts_for_the_role() -> None:
    """Answers about a role nest by policy, so failures may too; a refusal goes before an absence."""
    failures = {
        "iam:GetRolePolicy": {
            "orders": {
                "gone": {"code": "NoSuchEntity", "message": "gone"},
                "inline": {"code": "AccessDenied", "message": "no"},
            }
        }
    }

    own = parse_snapshot(MINIMAL | {"failures": failures}).own

    assert own.failures == {"iam:GetRolePolicy": {"orders": Failure("AccessDenied", "no")}}


def test_nesting_without_end_is_refused() -> None:
    statement: Any = {}
    for _ in range(100_000):
        statement = {"Condition": statement}
    answers = {"iam:GetRolePolicy": {"r": {"p": {"PolicyDocument": statement}}}}

    with pytest.raises(SnapshotError, match=r"^the snapshot is nested too deeply$"):
        parse_snapshot(MINIMAL | {"answers": answers})


@pytest.mark.parametrize("name", ["snapshot.json", "snapshot.json.gz"])
def test_files_are_read_gzipped_or_not(tmp_path: Path, name: str) -> None:
    content = json.dumps(MINIMAL).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    assert load_snapshot(tmp_path / name) == parse_snapshot(MINIMAL)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\x1f\x8b broken",
        gzip.compress(b"{}")[:-4],
        b'{"a": NaN}',
        b"\xff\xfe\xff",
    ],
    ids=["empty", "text", "no gzip", "cut gzip", "NaN", "not UTF-8"],
)
def test_files_that_hold_no_json_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(content)

    with pytest.raises(SnapshotError, match=r"^it does not hold JSON: "):
        load_snapshot(path)


def test_a_file_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(b"[" * 200_000)

    with pytest.raises(SnapshotError, match=r"^the snapshot is nested too deeply$"):
        load_snapshot(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_that_holds_more_than_any_snapshot_is_refused_before_all_of_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(snapshot_document, "MOST_MIB", 2)
    largest, path = 2 << 20, tmp_path / "snapshot.json"
    content = json.dumps(MINIMAL).encode()

    path.write_bytes(pack(content.ljust(largest)))
    assert load_snapshot(path) == parse_snapshot(MINIMAL)

    path.write_bytes(pack(content.ljust(largest + 1)))
    with pytest.raises(SnapshotError, match=r"^it holds more than 2 MiB of JSON, .* capture --function"):
        load_snapshot(path)
