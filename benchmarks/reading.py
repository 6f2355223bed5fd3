"""What our own code adds to reads of 100,000 findings through the API, and what a page costs."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.figures import Figure, Section
from benchmarks.handling import Calls, covered
from dev.processes import dynamodb_local
from tests.support.api import Api
from tests.support.dynamodb import create_findings_table, local_client, local_session, table_resource
from tests.support.looks import REGION, a_finding, a_look
from tests.support.many_findings import items_of, load
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore
from vpcguard.model import Look, cause_of, finding_id

ROOT = Path(__file__).parents[1]
TABLE = "vpcguard-findings"
ACCOUNTS = [f"{number:012}" for number in range(40)]
FUNCTIONS, RULES = 250, 10  # in each account, of each function
SAMPLES, PAGES, WARM_UPS = 1000, 300, 20  # requests for one thing, pages of a listing; before any counts
FAR, AROUND = 500, 50  # the page that is compared with the first, and how many pages there
RULE_IDS = [f"nat.rule_{number}" for number in range(RULES)]
# the loaded table is kept from run to run as long as its items are the same
KEPT = ROOT / "build" / "findings"


class Cost(NamedTuple):
    """Of one request: our own milliseconds, calls to DynamoDB, and items that these looked at."""

    own_ms: float
    calls: int
    items: int


def measure() -> Section:
    """Ask the application in this process, over one client."""
    with table_of_many() as url:
        session, calls, looked_at = local_session(), Calls(), list[int]()
        calls.watch(session)
        session.register("after-call.dynamodb", lambda **event: looked_at.append(_items_of(event["parsed"])))
        client = session.create_client("dynamodb", region_name=REGION, endpoint_url=url, config=CLIENT_CONFIG)
        api = Api(findings=FindingSearch(client, TABLE))

        def ask(path: str, **query: str) -> tuple[Cost, Any]:
            calls.made.clear()
            looked_at.clear()
            began = time.perf_counter()
            answer = api.get(path, **query)
            wall = time.perf_counter() - began
            if answer.status != 200:  # noqa: PLR2004
                raise RuntimeError(f"{path} answered {answer.status}")
            return Cost(1000 * (wall - covered(calls.made)), len(calls.made), sum(looked_at)), answer.body

        figures = [*_gets(ask), *_pages(ask)]
    how = (
        f"{len(ACCOUNTS) * FUNCTIONS * RULES:,} findings in DynamoDB Local, the application in process over "
        "one client. Own time: wall time without what passes inside botocore's calls, by its events, of "
        f"{SAMPLES:,} requests each, and of {PAGES} pages of each listing, as large as they are by default. "
        "Rare: a filter that one finding passes."
    )
    return Section(title="Reading findings", how=how, figures=figures)


Ask = Callable[..., tuple[Cost, Any]]


def _gets(ask: Ask) -> Iterator[Figure]:
    """Yield what each way to read costs, findings drawn at random and listings page after page."""
    chance = random.Random(12)  # noqa: S311 - which finding, no secret

    def place() -> tuple[str, str, str]:
        return chance.choice(ACCOUNTS), f"function-{chance.randrange(FUNCTIONS):03}", chance.choice(RULE_IDS)

    def finding() -> str:
        account, function, rule = place()
        return finding_id(account, REGION, function, rule)

    def cause() -> str:
        account, _, rule = place()
        return str(cause_of(a_finding(rule, account_id=account)))

    single: dict[str, Callable[[], str]] = {
        "a finding": lambda: f"/findings/{finding()}",
        "a finding of an account": lambda: "/accounts/{}/findings/{}".format(*_own(place())),
        "its history": lambda: f"/findings/{finding()}/history",
        "a function": lambda: "/functions/{}/eu-west-1/{}".format(*place()),
        "the rules": lambda: "/rules",
    }
    for name, path in single.items():
        yield _slowest(name, [ask(path())[0] for _ in range(WARM_UPS + SAMPLES)])
    listings: dict[str, tuple[Callable[[], str], dict[str, str]]] = {
        "findings": (lambda: "/findings", {}),
        "findings that are open": (lambda: "/findings", {"status": "open"}),
        "findings of an account": (lambda: f"/accounts/{place()[0]}/findings", {}),
        "findings of a rule": (lambda: "/findings", {"rule_id": RULE_IDS[0]}),
        "findings by several filters": (
            lambda: f"/accounts/{place()[0]}/findings",
            {"severity": "high", "owner": "team-payments", "rule_id": RULE_IDS[1]},
        ),
        "causes": (lambda: "/causes", {}),
        "causes of an account": (lambda: f"/accounts/{place()[0]}/causes", {}),
        "a cause with its findings": (lambda: f"/causes/{cause()}", {}),
        "failed reads": (lambda: "/coverage", {}),
        "the summary": (lambda: "/summary", {}),
    }
    for name, (path, query) in listings.items():
        yield _slowest(name, list(islice(_walk(ask, path, query), WARM_UPS + PAGES)))


def _pages(ask: Ask) -> Iterator[Figure]:
    """Yield what a page costs far behind, and where a filter leaves next to nothing of it."""
    walked = list(islice(_walk(ask, lambda: "/findings", {}), FAR))
    first, last = walked[:AROUND], walked[-AROUND:]
    for name, limit in (("own_ms", 1.5), ("items", 1.1)):
        near, far = (statistics.median(getattr(one, name) for one in part) for part in (first, last))
        what = {"own_ms": "own time", "items": "items looked at"}[name]
        yield _most(f"{what}, page {FAR} over page 1", far / near, limit, "x")
    rare = list(islice(_walk(ask, lambda: "/findings", {"status": "undetermined"}), WARM_UPS + PAGES))
    yield _slowest("a page of a rare filter", rare)
    yield _most("... items it looks at", max(one.items for one in rare), 1000, "items")
    yield _most("... calls it makes", max(one.calls for one in rare), 10, "calls")


def _most(name: str, value: float, limit: float, unit: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, bound="at most", limit=limit)


def _slowest(name: str, costs: list[Cost]) -> Figure:
    own = sorted(one.own_ms for one in costs[WARM_UPS:])
    return _most(f"{name}, p99 of own time", own[int(len(own) * 0.99)], 50, "ms")


def _walk(ask: Ask, path: Callable[[], str], query: dict[str, str]) -> Iterator[Cost]:
    """Yield the cost of a listing's pages, one after the other, and again from the beginning."""
    while True:
        this, cursor = path(), None
        while True:
            cost, body = ask(this, **query, **({} if cursor is None else {"cursor": cursor}))
            yield cost
            cursor = body["cursor"]
            if cursor is None:
                break


def _own(place: tuple[str, str, str]) -> tuple[str, str]:
    account, function, rule = place
    return account, finding_id(account, REGION, function, rule)


def _items_of(answer: dict[str, Any]) -> int:
    return int(answer.get("ScannedCount", 0))


def _looks() -> Iterator[Look]:
    """Yield a look at each function; one alone has a finding that is undetermined."""
    for account in ACCOUNTS:
        for number in range(FUNCTIONS):
            is_last = (account, number) == (ACCOUNTS[-1], FUNCTIONS - 1)
            unknown, name = RULE_IDS[-1:] if is_last else [], f"function-{number:03}"
            violated = RULE_IDS[: RULES - is_last]
            yield a_look(0, violated=violated, unknown=unknown, account_id=account, function=name)


@contextmanager
def table_of_many() -> Iterator[str]:
    """Run DynamoDB Local with the table; gives its URL. Loading it takes minutes, once."""
    example = items_of(FindingStore(local_client("http://127.0.0.1:9"), TABLE).table, next(_looks()))
    made_by = json.dumps([table_resource(), ACCOUNTS, FUNCTIONS, RULES, example], sort_keys=True)
    kept = KEPT / sha256(made_by.encode()).hexdigest()[:16]
    if not kept.exists():
        shutil.rmtree(KEPT, ignore_errors=True)
        memory = Path("/dev/shm")  # noqa: S108 - elsewhere it waits for the disk at each item
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
            with dynamodb_local(Path(scratch)) as url:
                client = local_client(url, config=CLIENT_CONFIG)
                create_findings_table(client, TABLE)
                load(client, TABLE, _looks())
            shutil.copytree(scratch, kept)
    with dynamodb_local(kept) as url:
        yield url
