"""The extension as Lambda runs it: a process beside the runtime, talking to the Extensions API."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.runtime_api import Answer, InitError, RuntimeApi
from tests.support.sandbox import lay_out_layer, sandbox

HERE = Path(__file__).parent


def test_opa_answers_the_first_invoke(tmp_path: Path, sample_layer: Path, opa: Path, opa_url: str) -> None:
    """Lambda waits for the extension; a first event that found no OPA would be retried for nothing."""
    slow_opa = tmp_path / "slow-opa"
    slow_opa.write_text(f'#!/bin/sh\nsleep 1\nexec {opa} "$@"\n')
    slow_opa.chmod(0o755)
    lay_out_layer(tmp_path / "opt", opa=slow_opa, bundle=sample_layer / "opa" / "bundle.tar.gz")

    with sandbox(
        tmp_path / "opt", opa_url=opa_url, task_root=HERE, handler="sample_handler.handler", environment={}
    ) as environment:
        answer = environment.api.invoke({"function": "orders-api"})

    assert answer == Answer({"result": "judged orders-api"}, is_error=False)
    assert "extension register ['SHUTDOWN']" in environment.api.calls


def test_opa_that_dies_while_nothing_runs_ends_the_environment(sample_layer: Path, opa_url: str) -> None:
    """Without this, every later invoke in this environment would fail until Lambda retires it."""
    with sandbox(sample_layer, opa_url=opa_url, task_root=HERE, handler=None, environment={}) as environment:
        _wait_for_extension(environment.api)
        os.kill(environment.opa_pid(), signal.SIGKILL)

        reported = environment.api.wait_for_error()
        status = environment.extension.wait(5)

    assert (reported, status) == (("exit", "Extension.OpaEnded"), 1)


def test_opa_that_cannot_start_fails_the_init_phase(tmp_path: Path, opa: Path, opa_url: str) -> None:
    """A bundle that OPA refuses must be seen at deployment, not as timeouts later."""
    bundle = tmp_path / "bundle.tar.gz"
    bundle.write_text("not a bundle")
    lay_out_layer(tmp_path / "opt", opa=opa, bundle=bundle)

    with sandbox(
        tmp_path / "opt", opa_url=opa_url, task_root=HERE, handler=None, environment={}
    ) as environment:
        with pytest.raises(InitError):
            environment.api.wait_for_init(seconds=5)  # told at once, not after a time out
        status = environment.extension.wait(5)

    assert (environment.api.errors, status) == ([("init", "Extension.OpaNotReady")], 1)


def test_shutdown_ends_opa_and_is_no_error(sample_layer: Path, opa_url: str) -> None:
    with sandbox(sample_layer, opa_url=opa_url, task_root=HERE, handler=None, environment={}) as environment:
        _wait_for_extension(environment.api)
        opa_process = environment.opa_pid()
        environment.api.shut_down()
        status = environment.extension.wait(5)

    assert (status, environment.api.errors) == (0, [])
    assert not Path(f"/proc/{opa_process}").exists()


def test_opa_gets_none_of_the_functions_credentials(sample_layer: Path, opa_url: str) -> None:
    """OPA needs no AWS access; what it does not have it cannot leak."""
    secret = {"AWS_SECRET_ACCESS_KEY": "not-for-opa"}
    with sandbox(
        sample_layer, opa_url=opa_url, task_root=HERE, handler=None, environment=secret
    ) as environment:
        _wait_for_extension(environment.api)
        variables = Path(f"/proc/{environment.opa_pid()}/environ").read_text().split("\0")

    names = {variable.partition("=")[0] for variable in variables if variable}
    assert names == {"GOGC", "GOMEMLIMIT", "HOME", "PATH"}


def _wait_for_extension(api: RuntimeApi) -> None:
    """The runtime takes no part in these tests."""
    api.note("runtime invocation/next")
    api.wait_for_init()
