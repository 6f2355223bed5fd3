"""Snapshots as files: a JSON document, checked, cut to what the format knows, and made a Snapshot."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

from vpcguard.aws.codes import is_not_found_code
from vpcguard.aws.operations import TEXT, Each, Operation, expect_object, keep, texts
from vpcguard.clock import rfc3339
from vpcguard.errors import SnapshotError
from vpcguard.model import SCHEMA_VERSION, Answers, Failure, Snapshot
from vpcguard.resources import OPERATIONS

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_ACCOUNT = texts("name organization_unit") | {"tags": Each(TEXT)}
_READER = texts("vpcguard botocore")
_RELEASE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){2}")
_OLDEST_READER = (1, 31, 63)  # brought VpcConfig.Ipv6AllowedForDualStack; what is younger has its own `Young`
_GZIP = b"\x1f\x8b"
# As JSON. An account and region with 2,500 security groups of 120 rules has 60 to 150 MB; 3 MB of gzip can
# hold 3 GB.
MOST_MIB = 512
_CHUNK_BYTES = 1 << 20
_TOO_DEEP = "the snapshot is nested too deeply"


def load_snapshot(path: Path) -> Snapshot:
    """Read a snapshot from a JSON file, gzipped or not, of at most MOST_MIB once unpacked.

    Raises SnapshotError, or OSError for the file.
    """
    with path.open("rb") as file:
        return parse_snapshot(unpacked(file))


def unpacked(file: BufferedReader) -> Any:
    """Return the JSON of an open file, gzipped or not; raises as load_snapshot."""
    try:
        with gzip.open(file) as packed:
            content = _bounded(packed.read if file.peek(2).startswith(_GZIP) else file.read)
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise SnapshotError(_TOO_DEEP) from error
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SnapshotError(f"it does not hold JSON: {error}") from error


def _bounded(read: Callable[[int], bytes]) -> bytearray:
    """Return all that can be read, piece by piece: nobody knows before what gzip unpacks to."""
    content = bytearray()
    while chunk := read(_CHUNK_BYTES):
        content += chunk
        if len(content) > MOST_MIB << 20:
            raise SnapshotError(
                f"it holds more than {MOST_MIB} MiB of JSON, far more than any account and region has; "
                "if it is an honest one, capture single functions (vpcguard capture --function)"
            )
    return content


def parse_snapshot(document: Any) -> Snapshot:
    """Return the snapshot that a JSON document holds; raises SnapshotError naming the place of a fault.

    Operations and fields that the format does not know are left out, so nothing enters through a file
    that would not enter from AWS.
    """
    try:
        return _parse(expect_object(document, "the snapshot"))
    except RecursionError as error:
        raise SnapshotError(_TOO_DEEP) from error


def _parse(document: Mapping[str, Any]) -> Snapshot:
    if document.get("schema_version") != SCHEMA_VERSION or document["schema_version"] is True:
        raise SnapshotError(
            f"schema_version must be {SCHEMA_VERSION}, not {document.get('schema_version')!r:.40}"
        )
    account = document.get("account")
    return Snapshot(
        account_id=_matching(
            document.get("account_id"), _ACCOUNT_ID, "account_id", "an account id of 12 digits"
        ),
        region=_matching(document.get("region"), _REGION, "region", "a region such as eu-west-1"),
        captured_at=_moment(document.get("captured_at"), "captured_at"),
        own=_answers(document, ""),
        owners={
            _matching(owner, _ACCOUNT_ID, "a key of owners", "an account id of 12 digits"): _answers(
                expect_object(answers, f"owners.{owner}"), f"owners.{owner}."
            )
            for owner, answers in expect_object(document.get("owners", {}), "owners").items()
        },
        not_requested=tuple(keep(document.get("not_requested", []), [TEXT], "not_requested")),
        account=None if account is None else keep(account, _ACCOUNT, "account"),
        reader=None if document.get("reader") is None else _reader(document["reader"]),
    )


def _reader(value: Any) -> dict[str, str]:
    reader: dict[str, str] = keep(value, _READER, "reader")
    expected = "a version of botocore such as 1.44.8"
    release = _matching(reader.get("botocore"), _RELEASE, "reader.botocore", expected)
    if tuple(map(int, release.split("."))) < _OLDEST_READER:
        oldest = ".".join(map(str, _OLDEST_READER))
        raise SnapshotError(f"reader.botocore is {release}, and AWS's answers take {oldest} or newer")
    return reader


def _answers(document: Mapping[str, Any], place: str) -> Answers:
    answers = expect_object(document.get("answers"), f"{place}answers")
    failures = expect_object(document.get("failures", {}), f"{place}failures")
    return Answers(
        {
            key: _answer(OPERATIONS[key], answers[key], f"{place}answers.{key}")
            for key in answers
            if key in OPERATIONS
        },
        {key: _failure(failures[key], f"{place}failures.{key}") for key in failures if key in OPERATIONS},
    )


def _answer(operation: Operation, answer: Any, place: str) -> Any:
    kept = keep(answer, operation.stored_shape(), place)
    for where, single in _singles(kept, operation.keys, place):
        if operation.lists and not any(key in single for key in operation.lists):
            raise SnapshotError(
                f"{where}.{operation.lists[0]} must be a list; it is missing, which is not the same as empty"
            )
    return kept


def _singles(answer: Any, levels: int, place: str) -> Iterator[tuple[str, Any]]:
    if levels == 0:
        yield place, answer
        return
    for key, item in answer.items():
        yield from _singles(item, levels - 1, f"{place}.{key}")


def _failure(failure: Any, place: str) -> Failure | dict[str, Failure]:
    if isinstance(expect_object(failure, place).get("code"), str):
        return _single_failure(failure, place)
    return {key: _resource_failure(item, f"{place}.{key}") for key, item in failure.items()}


def _resource_failure(failure: Any, place: str) -> Failure:
    """Return the failure about one resource; told by part (a role's policies), the gravest part."""
    parts = expect_object(failure, place)
    if not parts or "code" in parts or not all(isinstance(part, dict) for part in parts.values()):
        return _single_failure(parts, place)
    failures = [_single_failure(part, f"{place}.{key}") for key, part in parts.items()]
    return min(failures, key=lambda one: is_not_found_code(one.code))


def _single_failure(failure: Mapping[str, Any], place: str) -> Failure:
    kept = keep(failure, texts("code message"), place)
    if "code" not in kept:
        raise SnapshotError(f"{place}.code must be text; it is missing")
    return Failure(code=kept["code"], message=kept.get("message", ""))


def _matching(value: Any, pattern: re.Pattern[str], place: str, expectation: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SnapshotError(f"{place} must be {expectation}")
    return value


def _moment(value: Any, place: str) -> str:
    try:
        moment = datetime.fromisoformat(keep(value, TEXT, place))
        # one width, so that texts sort as the times do
        written = None if moment.tzinfo is None else rfc3339(moment)
    except (ValueError, OverflowError):  # the latter where UTC is outside of the years 1 to 9999
        written = None
    if written is None:
        raise SnapshotError(
            f"{place} must be an RFC 3339 time with its zone, such as 2026-11-20T12:00:00.123456Z"
        )
    return written


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
