"""What AWS's errors mean, and what of their text a snapshot keeps."""

from __future__ import annotations

import pytest

from vpcguard.aws.codes import DENIED, THROTTLED, clean_message, is_not_found_code

NOT_ALLOWED = "User: arn:aws:sts::111122223333:assumed-role/a/b may not ec2:DescribeSubnets."


def test_no_code_means_two_things() -> None:
    assert not set(DENIED) & THROTTLED
    assert [code for code in (*DENIED, *THROTTLED) if is_not_found_code(code)] == []


@pytest.mark.parametrize(
    "code",
    [
        "NoSuchEntity",
        "NoSuchEntityException",
        "ResourceNotFoundException",
        "NoSuchResourceException",
        "InvalidVpcID.NotFound",
    ],
)
def test_every_service_has_its_own_word_for_what_does_not_exist(code: str) -> None:
    assert is_not_found_code(code)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            f"{NOT_ALLOWED} Encoded authorization failure message: {'Zm9v' * 100}",
            NOT_ALLOWED,
        ),
        ("key AKIAIOSFODNN7EXAMPLE is bad", "key [removed] is bad"),
        ("token " + "aB3/" * 40 + " is bad", "token [removed] is bad"),
        ("see https://bucket.s3.amazonaws.com/code.zip?X-Amz-Signature=0a1b now", "see [removed] now"),
        ("two\nlines\tand  blanks", "two lines and blanks"),
        ("word " * 100, ("word " * 100)[:299] + "…"),
        ("", ""),
    ],
)
def test_messages_are_one_bounded_line_without_credentials(message: str, kept: str) -> None:
    assert clean_message(message) == kept
    assert len(clean_message(message)) <= 300
