"""Work on the findings table in processes of their own, which may be killed at any call.

They are forked off a server that has imported everything, so that one costs no second.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from multiprocessing.process import BaseProcess
from threading import Barrier
from typing import Any

from botocore.config import Config

from tests.support.dynamodb import local_client
from tests.support.ministack import Account
from vpcguard.audit.publishing import Publisher
from vpcguard.errors import FindingStoreError
from vpcguard.findings import store as findings_store
from vpcguard.findings.exemptions import Exemption, Exemptions
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore, Recorded
from vpcguard.model import Look

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
_SECONDS = 120.0
PATIENT = CLIENT_CONFIG.merge(Config(connect_timeout=60, read_timeout=60, max_pool_connections=64))


def started(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Begin a module's function in a process of its own; arguments are pickled."""
    process = _CONTEXT.Process(target=work, args=arguments)
    process.start()
    return process


def exit_code(process: BaseProcess) -> int:
    """Wait for a process and return how it ended: 0 well, -9 killed."""
    process.join(_SECONDS)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError("the process did not end")
    return process.exitcode


def kill_at(moment: int, *clients: Any) -> None:
    """Have this process killed at a moment of its calls: 2n before the n-th is sent, 2n + 1 after."""
    moments = count()

    def reached(**_: Any) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    for client in clients:
        client.meta.events.register("before-send", reached)
        client.meta.events.register("response-received", reached)


def record_until(url: str, table_name: str, looks: Sequence[Look], items_at_once: int, moment: int) -> None:
    """Record looks one after the other, so many items at once, until the moment that kills."""
    findings_store.ITEMS_AT_ONCE = items_at_once
    client = local_client(url, config=PATIENT)
    kill_at(moment, client)
    store = FindingStore(client, table_name)
    for look in looks:
        store.record(look)


def replan_until(
    url: str, table_name: str, function: tuple[str, str, str], exemption: Exemption, moment: int
) -> None:
    """Apply an exemption to a function, one change at a time, until the moment that kills."""
    findings_store.ITEMS_AT_ONCE = 6
    client = local_client(url, config=PATIENT)
    kill_at(moment, client)
    exempting(client, table_name, exemption).replan(*function)


def exempting(client: Any, table_name: str, exemption: Exemption) -> FindingStore:
    """Return a store that knows one exemption, at the moment at which it begins."""
    begins = datetime.fromisoformat(exemption.created_at)
    known = Exemptions((exemption,))
    return FindingStore(client, table_name, exemptions=lambda: known, clock=lambda: begins)


def publish_until(url: str, stand_in: str, table_name: str, bus: str, moment: int) -> None:
    """Publish all that waits, as the stream tells of it, until the moment that kills."""
    client, events = local_client(url, config=PATIENT), Account(stand_in).client("events")
    outbox = Outbox(client, table_name)
    keys = [key for found in outbox.waiting(before="9") for key in found]
    kill_at(moment, client, events)
    dead_letters: Any = None  # nothing is set aside
    Publisher(outbox, events, bus, dead_letters).publish(keys, until=math.inf)


def record_together(url: str, table_name: str, looks: Sequence[Look]) -> None:
    """Record all looks at one moment."""
    together(FindingStore(local_client(url, config=PATIENT), table_name), looks)


def together(store: FindingStore, looks: Sequence[Look]) -> list[Recorded]:
    """Record each look in a thread of its own, all at one moment; each is delivered until it is recorded."""
    barrier = Barrier(len(looks))

    def deliver(look: Look) -> Recorded:
        barrier.wait()
        while True:
            try:
                return store.record(look)
            except FindingStoreError as error:
                if "others wrote first" not in str(error):
                    raise

    with ThreadPoolExecutor(len(looks)) as pool:
        return list(pool.map(deliver, looks))
