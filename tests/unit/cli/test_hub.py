"""Documents and errors of the API, whoever carries its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from vpcguard.cli.hub import Answer, Hub, Request
from vpcguard.errors import ConfigurationError, NothingReadError, ReadError

DENIED = (
    "User: arn:aws:iam::111122223333:user/kim is not authorized to perform: execute-api:Invoke on resource: "
    "arn:aws:execute-api:eu-west-1:********3333:abc123/v1/GET/findings"
)


class _Api:
    """Answers with what it was given, one after the other, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, Any], headers: Mapping[str, str] | None = None) -> None:
        self.answers = list(answers)
        self.headers = headers or {}
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        status, body = self.answers.pop(0)
        return Answer(status, self.headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def _page(*names: str, cursor: str | None = None) -> tuple[int, Any]:
    return 200, {"findings": [{"name": name} for name in names], "cursor": cursor}


def _listed(api: _Api, limit: int, **query: Any) -> tuple[list[str], list[bool]]:
    parts = list(Hub(api, "it").pages("findings", query=query, name="findings", limit=limit))
    return [one["name"] for part in parts for one in part.items], [part.is_last for part in parts]


def test_every_page_is_followed_an_empty_one_too() -> None:
    """A page whose items a filter took all is not the last one."""
    api = _Api(_page("a", cursor="1"), _page(cursor="2"), _page("b"))

    assert _listed(api, 100, status=["open", "exempt"]) == (["a", "b"], [False, False, True])
    assert [one.target for one in api.asked] == [
        "/findings?status=open&status=exempt&limit=100",
        "/findings?status=open&status=exempt&limit=99&cursor=1",
        "/findings?status=open&status=exempt&limit=99&cursor=2",
    ]


def test_a_limit_is_never_asked_beyond_nor_taken_for_the_end() -> None:
    api = _Api(_page("a", "b", cursor="1"), _page("c", cursor="2"))

    assert _listed(api, 3) == (["a", "b", "c"], [False, False])
    assert [one.target[-7:] for one in api.asked] == ["limit=3", "ursor=1"]


def test_what_stands_in_a_path_cannot_leave_it() -> None:
    api = _Api((200, {}))

    Hub(api, "it").get("findings", "../accounts/x?y=1#z")

    assert api.asked[0].target == "/findings/..%2Faccounts%2Fx%3Fy%3D1%23z"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            (404, {"title": "Not Found", "detail": "the finding does not exist"}),
            ConfigurationError,
            "the finding",
        ),
        (
            (
                400,
                {"detail": "not as documented", "faults": [{"where": "query.region", "reason": "no region"}]},
            ),
            ConfigurationError,
            "query.region: no region",
        ),
        (
            (403, {"Message": DENIED}),
            NothingReadError,
            "these credentials need execute-api:Invoke on GET/findings",
        ),
        ((403, {"message": "Missing Authentication Token"}), NothingReadError, "check the stage in the URL"),
        ((403, {"detail": "the caller is not known"}), NothingReadError, "the caller is not known"),
        ((429, {"message": "Too Many Requests"}), ReadError, "try again later"),
        ((502, b"<html>Bad Gateway"), ReadError, "502: answered 502 without a reason"),
        ((200, b"<html>hotel wifi"), ReadError, "is this the API?"),
        ((200, b"[]"), ReadError, "is this the API?"),
        ((200, {"items": []}), ReadError, "answered without findings"),
        ((200, {"findings": ["a"]}), ReadError, "answered without findings"),
        ((302, b""), ConfigurationError, "answered 302 without a reason"),
    ],
)
def test_each_refusal_says_what_and_where(
    answer: tuple[int, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        _listed(_Api(answer), 10)

    assert words in str(caught.value)


def test_a_refusal_keeps_the_code_that_advice_goes_by() -> None:
    api = _Api((403, {"message": "expired"}), headers={"x-amzn-errortype": "ExpiredTokenException:http://x"})

    with pytest.raises(NothingReadError) as caught:
        Hub(api, "it").get("findings")

    assert caught.value.code == "ExpiredTokenException"


def test_words_of_a_server_are_shown_and_never_obeyed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Hub(_Api((404, {"detail": "\x1b[2J" + "x" * 9_999})), "it").get("findings")

    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 2_100


def test_a_body_is_sent_as_json_and_headers_come_back() -> None:
    api = _Api((201, {"exemption_id": "vx-1"}), headers={"etag": '"1"'})

    document, headers = Hub(api, "it").ask(
        "POST", "exemptions", document={"reason": "ü"}, headers={"idempotency-key": "k"}
    )

    assert (document, headers["etag"]) == ({"exemption_id": "vx-1"}, '"1"')
    [sent] = api.asked
    assert sent.headers == {"idempotency-key": "k", "content-type": "application/json"}
    assert json.loads(sent.body or b"") == {"reason": "ü"}
