"""One Lambda execution environment on this machine: the runtime client and the extension as processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.runtime_api import RuntimeApi

ROOT = Path(__file__).parents[2]
EXTENSION = "vpcguard-opa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A started environment; `layer` is its /opt."""

    api: RuntimeApi
    extension: subprocess.Popen[bytes]
    runtime: subprocess.Popen[bytes] | None

    def opa_pid(self) -> int:
        """Return the process id of the extension's only child."""
        children = Path(f"/proc/{self.extension.pid}/task/{self.extension.pid}/children")
        return int(children.read_text().split()[0])


def lay_out_layer(opt: Path, *, opa: Path, bundle: Path) -> None:
    """Lay out a layer as template.yaml's build does: extensions/vpcguard-opa, and OPA with what it loads.

    Beside the bundle may lie own_rules.json, else there are none.
    """
    (opt / "extensions").mkdir(parents=True)
    (opt / "opa").mkdir()
    shutil.copy(ROOT / "extension" / "vpcguard_opa.py", opt / "extensions" / EXTENSION)
    (opt / "opa" / "opa").symlink_to(opa)
    shutil.copy(bundle, opt / "opa" / "bundle.tar.gz")
    own_rules = bundle.with_name("own_rules.json")
    (opt / "opa" / own_rules.name).write_text(own_rules.read_text() if own_rules.exists() else "{}")


@contextmanager
def sandbox(
    layer: Path, *, opa_url: str, task_root: Path, handler: str | None, environment: Mapping[str, str]
) -> Iterator[Sandbox]:
    """Start the extension and, if a handler is named, the runtime; end both with all their children."""
    with RuntimeApi() as api:
        variables = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "vpcguard-test",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(task_root),
            "OPA_URL": opa_url,
            # where Lambda unpacks layers
            **{name: value.replace("/opt/", f"{layer}/") for name, value in environment.items()},
        }
        # the interpreter and its flags are those of the extension's first line, but for the path
        extension = _start(
            [sys.executable, "-IS", str(layer / "extensions" / EXTENSION)], variables, task_root
        )
        command = [sys.executable, "-m", "awslambdaric", str(handler)]
        runtime = _start(command, variables, task_root) if handler else None
        try:
            yield Sandbox(api=api, extension=extension, runtime=runtime)
        finally:
            for process in (runtime, extension):
                if process:
                    _end(process)


def _start(command: list[str], environment: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=dict(environment), cwd=cwd, start_new_session=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: OPA goes with the extension
    process.wait()
