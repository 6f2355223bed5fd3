"""What pages of other sites may send to a port of this machine, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from vpcguard.cli.application import Message, Receive, Scope, Send
from vpcguard.cli.loopback import LARGEST_BODY, THREADS, Loopback

PORT = 4567
HOST = ("host", f"127.0.0.1:{PORT}")


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=9")]})
    await send({"type": "http.response.body", "body": b"served " + body})


async def _ask(
    loopback: Loopback,
    headers: list[tuple[str, str]],
    *,
    method: str = "GET",
    body: list[bytes],
    path: str = "/x",
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": raw,
    }
    await loopback(scope, receive, send)
    content = b"".join(one.get("body", b"") for one in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


def _answer(
    *headers: tuple[str, str],
    method: str = "GET",
    body: tuple[bytes, ...] = (),
    port: int = PORT,
    path: str = "/x",
) -> tuple[int, dict[bytes, bytes], bytes]:
    loopback = Loopback(_echo, port, {"/": ("text/html", lambda: b"page")})
    try:
        return asyncio.run(_ask(loopback, [*headers], method=method, body=[*body], path=path))
    finally:
        loopback.close()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("origin", f"http://127.0.0.1:{PORT}")],
        [("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "none")],
    ],
)
def test_programs_and_its_own_page_are_served(headers: list[tuple[str, str]]) -> None:
    status, _, body = _answer(HOST, *headers, method="POST", body=(b"a", b"b"))

    assert (status, body) == (200, b"served ab")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 421),
        ([HOST, HOST], 421),
        ([("host", "evil.example")], 421),
        ([("host", f"evil.example:{PORT}")], 421),
        ([("host", "127.0.0.1")], 421),
        ([("host", f"127.0.0.1:{PORT + 1}")], 421),
        ([("host", f"127.0.0.1:{PORT}, evil.example")], 421),
        ([("host", f"127.0.0.1.:{PORT}")], 421),
        ([HOST, ("origin", "null")], 403),
        ([HOST, ("origin", "")], 403),
        ([HOST, ("origin", "https://evil.example")], 403),
        ([HOST, ("origin", f"http://localhost:{PORT}")], 403),
        ([HOST, ("origin", f"https://127.0.0.1:{PORT}")], 403),
        ([HOST, ("origin", f"http://127.0.0.1:{PORT + 1}")], 403),
        ([HOST, ("origin", f"http://127.0.0.1:{PORT}"), ("origin", f"http://127.0.0.1:{PORT}")], 403),
        ([HOST, ("sec-fetch-site", "cross-site")], 403),
        ([HOST, ("sec-fetch-site", "same-site")], 403),
        ([HOST, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], 403),
        ([HOST, ("x-name", "\xff")], 400),
    ],
)
def test_what_is_foreign_is_refused(headers: list[tuple[str, str]], status: int) -> None:
    found, answered, body = _answer(*headers)

    assert found == status
    assert json.loads(body)["status"] == status
    assert answered[b"content-type"] == b"application/problem+json"


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    part = b"x" * (LARGEST_BODY // 2)

    status, headers, _ = _answer(HOST, method="POST", body=(part, part, b"x", b"never read"))

    assert (status, headers[b"connection"]) == (413, b"close")
    assert _answer(HOST, method="POST", body=(part, part))[0] == 200
    assert _answer(HOST, method="POST", body=(b"\xff",))[0] == 400


def test_every_answer_tells_browsers_to_keep_it_from_others() -> None:
    for status, headers, _ in (_answer(HOST), _answer(), _answer(HOST, path="/")):
        assert status in (200, 421)
        assert headers[b"cache-control"] == b"no-store"
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert b"default-src 'none'" in headers[b"content-security-policy"]


def test_on_port_80_browsers_leave_the_port_out() -> None:
    assert _answer(("host", "localhost"), ("origin", "http://localhost"), port=80)[0] == 200


def test_a_page_is_shown_and_changed_by_nobody() -> None:
    assert _answer(HOST, path="/")[2] == b"page"
    assert _answer(HOST, path="/", method="POST")[2] == b"served "


def test_slow_answers_do_not_wait_for_each_other() -> None:
    """Each of them ends only once all have begun, as they would not one after the other."""
    together = threading.Barrier(THREADS, timeout=20)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        together.wait()  # as a call of boto3 does, it blocks
        await _echo(scope, receive, send)

    loopback = Loopback(slow, PORT, {})

    async def many() -> list[int]:
        asked = [_ask(loopback, [HOST], body=[]) for _ in range(THREADS)]
        return [status for status, _, _ in await asyncio.gather(*asked)]

    try:
        assert asyncio.run(many()) == [200] * THREADS
    finally:
        loopback.close()
