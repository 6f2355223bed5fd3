"""`vpcguard serve`: the API on this machine's loopback interface, with the user's own credentials."""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import uvicorn
from aws_lambda_powertools.event_handler import HttpResolverLocal
from aws_lambda_powertools.event_handler.openapi import swagger_ui

from vpcguard.api.document import openapi_document
from vpcguard.cli import options, places
from vpcguard.cli.loopback import ADDRESS, Loopback, Page
from vpcguard.cli.output import DONE, say
from vpcguard.errors import ConfigurationError

PORT = 8765
_LARGEST_PORT = 65_535
# connections at once: more than a browser opens, and fewer than would use up this process's files
_MOST_CONNECTIONS = 100
_SECONDS_TO_END = 3  # for what is being answered once the server is told to end
_HERE = "Here, by `vpcguard serve`, nobody signs: all is asked by the credentials that it runs with."
# of Powertools' page: its title, and the link to the document
_MENDED = {
    "<title>Swagger UI<": "<title>Lambda VPC Guard<",
    'currentUrl.pathname + "?format=json"': '"/openapi.json"',
}
_SEES = """\
Whoever can use this machine's loopback interface may ask, by your credentials; pages of other sites may not.
What changes something is recorded as yours. Ctrl-C ends it."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    options.describe(command, _SEES)
    places.add_options(command, api=False)
    words = f"port to listen on, 0 takes a free one; default: {PORT}"
    command.add_argument("--port", type=_port, default=PORT, metavar="NUMBER", help=words)
    command.set_defaults(run=run)


def run(*, table: str | None, hub_region: str | None, profile: str | None, port: int) -> int:
    """Serve until the process is told to end."""
    application = places.open_table(table=table, hub_region=hub_region, profile=profile)
    caller = application.caller()
    with _listening(port) as listener:
        own_port = int(listener.getsockname()[1])
        loopback = Loopback(application.resolver, own_port, pages(application.resolver))
        config = uvicorn.Config(
            loopback,
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # there is no proxy, and whoever says so is not believed
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
        say(f"serving {application.place} as {caller.arn}; Ctrl-C ends it")
        sys.stdout.write(f"http://{ADDRESS}:{own_port}/\n")
        sys.stdout.flush()
        _Server(config).run(sockets=[listener])
        say("vpcguard: served until told to end")
    if loopback.close():  # it may wait for DynamoDB, and would hold the process for as long as its timeouts
        os._exit(DONE)
    return DONE


class _Server(uvicorn.Server):
    """Ends when it is told to, as serving does; uvicorn's own would then raise the signal once more."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that end a command for as long as this serves."""
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {name: signal.signal(getattr(signal, name), self.handle_exit) for name in names}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(getattr(signal, name), handler)


def pages(resolver: HttpResolverLocal) -> Mapping[str, Page]:
    """Return what is shown beside the API's routes, made when asked for: Swagger page and OpenAPI document.

    The page carries its script and its style, as Powertools ships them: it needs no network.
    """

    @cache
    def document() -> bytes:
        found = openapi_document(resolver)
        found["servers"] = [{"url": "/"}]
        del found["security"], found["components"]["securitySchemes"]
        found["info"]["description"] += f"\n\n{_HERE}"
        return json.dumps(found).encode()

    @cache
    def page() -> bytes:
        script, style = (
            (Path(swagger_ui.__file__).parent / name).read_text(encoding="utf-8")
            for name in ("swagger-ui-bundle.min.js", "swagger-ui.min.css")
        )
        spec = document().decode().replace("</", "<\\/")  # no text of it ends the script that it stands in
        html = swagger_ui.generate_swagger_html(spec, script, style, "", None)
        for theirs, ours in _MENDED.items():
            html = html.replace(theirs, ours)
        return html.encode()

    return {"/": ("text/html; charset=utf-8", page), "/openapi.json": ("application/json", document)}


def _listening(port: int) -> socket.socket:
    # asyncio turns Nagle's delay of 40 ms off only where the protocol is named, which create_server does not
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this lets another program take the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            words = "is taken: name another with --port, or 0 for a free one"
        elif error.errno == errno.EACCES:
            words = "may not be listened on: name one from 1024 on"
        else:
            words = f"cannot be listened on: {error.strerror}"
        raise ConfigurationError(f"port {port} of {ADDRESS} {words}") from error
    return listener


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LARGEST_PORT}, not {text[:40]!r}")
    return int(text)
