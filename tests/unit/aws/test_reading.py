"""One operation: known, absent, denied, throttled, passing, broken; and every page of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from tests.support.recorded_aws import RecordedAws, always
from vpcguard.aws.operations import Call
from vpcguard.aws.reading import Reads, Threads
from vpcguard.errors import ReadError, ThrottledError
from vpcguard.model import Answers, Failure
from vpcguard.resources.filters import PREFIX_LIST_ENTRIES
from vpcguard.resources.functions import LIST_FUNCTIONS
from vpcguard.resources.networks import SUBNETS


@pytest.fixture
def ec2() -> Any:
    session: Any = botocore.session.Session()
    session.set_credentials("access", "secret")
    return session.create_client(
        "ec2", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1})
    )


@pytest.fixture
def ec2_answers(ec2: Any) -> Iterator[Any]:
    with Stubber(ec2) as stubber:
        yield stubber


class OneClient:
    """An AWS that has the one client under test."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, _: str) -> Any:
        """Return it, whatever is asked for."""
        return self._client

    def owner(self, _: str) -> None:
        """Nobody shares anything."""


@pytest.fixture
def reads(ec2: Any) -> Iterator[Reads]:
    """Reads that raise nothing."""
    with Threads(2) as threads:
        yield Reads(OneClient(ec2), threads, raises=None)


def _raising(reads: Reads, error: type[ReadError]) -> Reads:
    return Reads(reads.aws, reads.threads, raises=error)


def test_every_page_is_read_and_what_is_not_named_is_left_out(reads: Reads, ec2_answers: Any) -> None:
    """Of the tags of a resource the one called Name is kept alone."""
    name = {"Key": "Name", "Value": "app-a"}
    ec2_answers.add_response(
        "describe_subnets",
        {
            "Subnets": [{"SubnetId": "subnet-0a", "Tags": [{"Key": "secret", "Value": "x"}, name]}],
            "NextToken": "2",
        },
        {"MaxResults": 1000},
    )
    ec2_answers.add_response(
        "describe_subnets", {"Subnets": [{"SubnetId": "subnet-0b"}]}, {"MaxResults": 1000, "NextToken": "2"}
    )

    answers = reads.run([Call(SUBNETS)])

    kept = [{"SubnetId": "subnet-0a", "Tags": [name]}, {"SubnetId": "subnet-0b"}]
    assert answers == Answers({"ec2:DescribeSubnets": {"Subnets": kept}}, {})


def test_an_answer_without_its_list_is_an_empty_list(reads: Reads, ec2_answers: Any) -> None:
    """EC2 leaves an empty list out; in a snapshot that would read as "not asked"."""
    ec2_answers.add_response("describe_subnets", {})

    assert reads.run([Call(SUBNETS)]) == Answers({"ec2:DescribeSubnets": {"Subnets": []}}, {})


def test_denied_is_a_failure_and_no_empty_list(reads: Reads, ec2_answers: Any) -> None:
    """A refusal that looked like an empty VPC would let every rule pass."""
    ec2_answers.add_client_error("describe_subnets", "UnauthorizedOperation", "not allowed")

    answers = reads.run([Call(SUBNETS)])

    assert answers == Answers({}, {"ec2:DescribeSubnets": Failure("UnauthorizedOperation", "not allowed")})


def test_denied_on_the_second_page_keeps_the_first_as_a_part(reads: Reads, ec2_answers: Any) -> None:
    ec2_answers.add_response("describe_subnets", {"Subnets": [{"SubnetId": "subnet-0a"}], "NextToken": "2"})
    ec2_answers.add_client_error("describe_subnets", "UnauthorizedOperation", "not allowed")

    answers = reads.run([Call(SUBNETS)])

    assert answers == Answers(
        {"ec2:DescribeSubnets": {"Subnets": [{"SubnetId": "subnet-0a"}]}},
        {"ec2:DescribeSubnets": Failure("UnauthorizedOperation", "not allowed")},
    )


def test_what_does_not_exist_has_no_entry_and_no_failure(reads: Reads, ec2_answers: Any) -> None:
    ec2_answers.add_client_error("get_managed_prefix_list_entries", "InvalidPrefixListID.NotFound")

    answers = reads.run([Call(PREFIX_LIST_ENTRIES, ("pl-0a",), {"PrefixListId": "pl-0a"})])

    assert answers == Answers({"ec2:GetManagedPrefixListEntries": {}}, {})


def test_denied_for_one_resource_is_a_failure_of_that_one(reads: Reads, ec2_answers: Any) -> None:
    ec2_answers.add_response("get_managed_prefix_list_entries", {"Entries": [{"Cidr": "10.0.0.0/8"}]})
    ec2_answers.add_client_error("get_managed_prefix_list_entries", "UnauthorizedOperation", "no")
    calls = [Call(PREFIX_LIST_ENTRIES, (each,), {"PrefixListId": each}) for each in ("pl-0a", "pl-0b")]

    first, second = (reads.run([call]) for call in calls)

    assert first == Answers(
        {"ec2:GetManagedPrefixListEntries": {"pl-0a": {"Entries": [{"Cidr": "10.0.0.0/8"}]}}}, {}
    )
    assert second == Answers(
        {}, {"ec2:GetManagedPrefixListEntries": {"pl-0b": Failure("UnauthorizedOperation", "no")}}
    )


THROTTLED = [("RequestLimitExceeded", 503), ("Throttling", 400), ("Unheard", 429)]
BROKEN = [
    ("InternalError", 500),
    ("InvalidParameterValue", 400),
    ("UnrecognizedClientException", 403),
    ("", 404),
]
UNREACHED = [
    EndpointConnectionError(endpoint_url="https://ec2.eu-west-1.amazonaws.com/"),
    ReadTimeoutError(endpoint_url="https://ec2.eu-west-1.amazonaws.com/"),
    ConnectionClosedError(endpoint_url="https://ec2.eu-west-1.amazonaws.com/"),
    NoCredentialsError(),
    ResponseParserError("invalid XML received. Further retries may succeed:\nb'what it holds'"),
    TypeError("'int' object is not iterable"),  # what botocore's parser raises for JSON of another shape
]


@pytest.mark.parametrize(("code", "status"), THROTTLED)
@pytest.mark.parametrize("raised", [ThrottledError, ReadError])
def test_throttling_that_outlasts_its_retries_is_raised_where_it_is_to_be_tried_again(
    reads: Reads, ec2_answers: Any, code: str, status: int, raised: type[ReadError]
) -> None:
    """Taken for a refusal, it would turn a busy minute into unknown verdicts."""
    ec2_answers.add_client_error("describe_subnets", code, http_status_code=status)

    with pytest.raises(ThrottledError) as caught:
        _raising(reads, raised).run([Call(SUBNETS)])

    assert caught.value.operation == "ec2:DescribeSubnets"


@pytest.mark.parametrize(("code", "status"), [*THROTTLED, *BROKEN])
def test_a_read_that_goes_wrong_fails_alone(reads: Reads, ec2_answers: Any, code: str, status: int) -> None:
    """One list of twenty must not cost the other nineteen."""
    ec2_answers.add_client_error("describe_subnets", code, "no", http_status_code=status)

    answers = reads.run([Call(SUBNETS)])

    failure = Failure(code or f"HTTP {status}", "no")
    assert answers == Answers({}, {"ec2:DescribeSubnets": failure})


@pytest.mark.parametrize(("code", "status"), BROKEN)
def test_what_may_pass_is_raised_where_all_is_to_be_tried_again(
    reads: Reads, ec2_answers: Any, code: str, status: int
) -> None:
    ec2_answers.add_client_error("describe_subnets", code, "no", http_status_code=status)
    ec2_answers.add_client_error("describe_subnets", code, "no", http_status_code=status)

    with pytest.raises(ReadError, match=r"^ec2:DescribeSubnets could not be read: .+: no$"):
        _raising(reads, ReadError).run([Call(SUBNETS)])
    assert _raising(reads, ThrottledError).run([Call(SUBNETS)]).failures


def test_a_refusal_is_never_raised(reads: Reads, ec2_answers: Any) -> None:
    """No retry helps, and the rest can be judged."""
    ec2_answers.add_client_error("describe_subnets", "UnauthorizedOperation", "no", http_status_code=403)

    assert _raising(reads, ReadError).run([Call(SUBNETS)]).failures


@pytest.mark.parametrize("error", UNREACHED, ids=repr)
def test_an_answer_that_never_came_or_cannot_be_read_fails_alone(
    reads: Reads, ec2: Any, error: Exception
) -> None:
    def fail(**_: Any) -> None:
        raise error

    ec2.meta.events.register("before-call", fail)

    answers = reads.run([Call(SUBNETS)])
    with pytest.raises(ReadError, match=r"^ec2:DescribeSubnets could not be read: "):
        _raising(reads, ReadError).run([Call(SUBNETS)])

    name = "ResponseParserError" if isinstance(error, TypeError) else type(error).__name__
    failure = answers.failures["ec2:DescribeSubnets"]
    assert isinstance(failure, Failure)
    assert failure.code == name
    assert "what it holds" not in failure.message


def test_not_found_by_a_call_for_everything_is_no_answer(reads: Reads, ec2_answers: Any) -> None:
    """Nothing was named that could be absent."""
    ec2_answers.add_client_error("describe_subnets", "InvalidSubnetID.NotFound")

    failure = Failure("UnexpectedAnswer", "ec2:DescribeSubnets answered InvalidSubnetID.NotFound")
    assert reads.run([Call(SUBNETS)]) == Answers({}, {"ec2:DescribeSubnets": failure})


def test_json_without_its_list_is_no_empty_list() -> None:
    """AWS's JSON always has it: what lacks it is no answer, and the account would look empty."""
    with Threads(2) as threads:
        reads = Reads(RecordedAws({"lambda:ListFunctions": always({})}), threads)
        answers, marker = reads.read_page(LIST_FUNCTIONS, {}, next_at="NextMarker")

    failure = Failure("UnexpectedAnswer", "lambda:ListFunctions answered without Functions")
    assert (answers, marker) == (Answers({}, {"lambda:ListFunctions": failure}), None)


def test_progress_hears_of_every_answer() -> None:
    heard: list[str] = []
    with Threads(2) as threads:
        reads = Reads(RecordedAws({}), threads, progress=heard.append)
        reads.run([Call(SUBNETS), Call(PREFIX_LIST_ENTRIES, ("pl-0a",), {"PrefixListId": "pl-0a"})])

    assert sorted(heard) == ["ec2:DescribeSubnets", "ec2:GetManagedPrefixListEntries"]
