#!/var/lang/bin/python3.13 -IS
"""Lambda extension: runs OPA beside the function, ready before the first invoke.

Installed as /opt/extensions/vpcguard-opa; OPA and its bundle lie in /opt/opa. The first line names
the interpreter of the function's own runtime, alone and without site packages: it starts at once
and nothing in the function's package or environment can change what it imports.

Lambda ends its init phase when every extension has asked for its next event, so asking only once OPA
answers is what makes OPA ready for the first invoke. OPA's death is reported as an exit error: Lambda
then fails the invoke, which is retried, and starts afresh. There is nothing to poll and nothing to
reload, because timers stand still while Lambda freezes the environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

NAME = "vpcguard-opa"  # must be the file's name below /opt/extensions
HOME = __file__.rpartition("/extensions/")[0] + "/opa"  # in Lambda /opt/opa
DEFAULT_URL = "http://127.0.0.1:8181"  # as in vpcguard.settings
READY_SECONDS = 8.0  # Lambda allows ten for the whole init phase
STOP_SECONDS = 1.0  # Lambda allows two for the shutdown phase
POLL_SECONDS = 0.005
# OPA gets no credentials of the function. Left to itself, Go collects garbage every few questions, a third of
# their time; the limit leaves the handler half of its memory.
ENVIRONMENT = {"HOME": "/tmp", "PATH": "/usr/bin:/bin", "GOGC": "800", "GOMEMLIMIT": "512MiB"}  # noqa: S108


class NotReadyError(Exception):
    """OPA ended before it answered, or did not answer in time."""


class ExtensionsApi:
    """Lambda's Extensions API as this program needs it; every call raises OSError if it fails."""

    def __init__(self, address: str) -> None:
        from http.client import HTTPConnection  # noqa: PLC0415 - imported while OPA is loading its bundle

        self._connect = HTTPConnection
        self._address = address
        self._identifier = ""

    def register(self) -> None:
        """Announce this extension for SHUTDOWN alone: it has no part in an invoke."""
        body = json.dumps({"events": ["SHUTDOWN"]})
        headers = self._call("POST", "register", body, {"Lambda-Extension-Name": NAME})[0]
        self._identifier = headers["Lambda-Extension-Identifier"]

    def next(self) -> dict[str, object]:
        """Say that all is ready, and wait for the one event there will be."""
        event: dict[str, object] = json.loads(self._call("GET", "event/next", None, {})[1])
        return event

    def report(self, phase: str, error_type: str, message: str) -> None:
        """Report a fatal error of the phase "init" or "exit"; the program must end after it."""
        body = json.dumps({"errorType": error_type, "errorMessage": message, "stackTrace": []})
        self._call("POST", f"{phase}/error", body, {"Lambda-Extension-Function-Error-Type": error_type})

    def _call(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[dict[str, str], bytes]:
        connection = self._connect(self._address)
        try:
            if self._identifier:
                headers["Lambda-Extension-Identifier"] = self._identifier
            connection.request(method, f"/2020-01-01/extension/{path}", body, headers)
            response = connection.getresponse()
            content = response.read()
            if response.status not in (200, 202):
                raise OSError(f"{method} {path} answered {response.status}")
            return dict(response.getheaders()), content
        finally:
            connection.close()


class Opa:
    """The OPA process and what we asked of it."""

    def __init__(self, url: str) -> None:
        self.address = url.removeprefix("http://").rstrip("/")
        self.is_stopping = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - our own file with fixed arguments
            [
                f"{HOME}/opa", "run", "--server",
                "--addr", self.address,
                "--bundle", f"{HOME}/bundle.tar.gz",
                "--log-level", "error", "--log-format", "json",
                "--skip-version-check", "--shutdown-grace-period", "1",
            ],
            stdin=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )  # fmt: skip

    def wait_until_ready(self, seconds: float) -> None:
        """Return when /health answers 200. Raises NotReadyError."""
        from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - see ExtensionsApi

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (status := self._process.poll()) is not None:
                raise NotReadyError(f"OPA ended with status {status} while starting")
            connection = HTTPConnection(self.address, timeout=1)
            try:
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:  # noqa: PLR2004 - HTTP's own number
                    return
            except (OSError, HTTPException):
                pass  # not listening yet
            finally:
                connection.close()
            time.sleep(POLL_SECONDS)
        raise NotReadyError(f"OPA did not answer within {seconds:.0f} s")

    def wait(self) -> int:
        """Return OPA's exit status, once it has ended."""
        return self._process.wait()

    def stop(self) -> None:
        """End OPA, gently at first."""
        self.is_stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def log(level: str, message: str, **keys: object) -> None:
    """Write one JSON line, as the function's own logger does."""
    print(json.dumps({"level": level, "message": message, "service": NAME, **keys}), flush=True)  # noqa: T201


def watch(opa: Opa, api: ExtensionsApi) -> None:
    """End this program as soon as OPA ends unasked: without OPA no invoke can succeed."""
    status = opa.wait()
    if opa.is_stopping.is_set():
        return
    log("ERROR", "opa ended", status=status)
    try:
        api.report("exit", "Extension.OpaEnded", f"OPA ended with status {status}")
    finally:
        os._exit(1)  # the main thread is blocked in its call for the next event


def main() -> int:
    """Run OPA for the life of one execution environment; return the exit status."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    opa = Opa(os.environ.get("OPA_URL") or DEFAULT_URL)  # first, since it loads while we register
    try:
        api = ExtensionsApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
        api.register()
        try:
            opa.wait_until_ready(READY_SECONDS)
        except NotReadyError as error:
            log("ERROR", "opa is not ready", reason=str(error))
            api.report("init", "Extension.OpaNotReady", str(error))
            return 1
        log("INFO", "opa is ready", waited_ms=round((time.monotonic() - started) * 1000))
        threading.Thread(target=watch, args=(opa, api), daemon=True).start()
        log("INFO", "opa is stopping", reason=api.next().get("shutdownReason"))
        return 0
    finally:
        opa.stop()


if __name__ == "__main__":
    sys.exit(main())
