"""Who lists many findings while sixteen writers change them loses none and meets none twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from threading import Event
from time import sleep
from typing import Any, NamedTuple, TypeVar

import pytest

from dev.processes import dynamodb_local
from tests.support.children import PATIENT
from tests.support.dynamodb import create_findings_table, local_client
from tests.support.looks import ACCOUNT, REGION, a_finding, a_look, an_exemption, at, moment
from tests.support.many_findings import load
from vpcguard.findings.exemptions import Exemptions, Matcher
from vpcguard.findings.pages import Page
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding, Look, Status, cause_of, finding_id

T = TypeVar("T")
OTHER = "444455556666"
WRITERS = 16
RULES = [f"nat.rule_{number}" for number in range(10)]
CROWDED = "crowded"  # a function with many findings
CROWDED_RULES = [f"own.rule_{number:02}" for number in range(100)]
LIVE = frozenset[Status]({"open", "undetermined", "exempt"})
CAUSE = str(cause_of(a_finding(RULES[0])))
# of one rule everything is exempt, but for what is resolved
EXEMPTION = an_exemption(Matcher(rule_id=RULES[1]), at(0))
# how many findings; the full number takes minutes
SIZES = [600, pytest.param(10_000, marks=pytest.mark.thorough)]


class Estate(NamedTuple):
    """A table of findings that are all open, each of a name by account."""

    store: FindingStore
    functions: list[tuple[str, str]]
    minutes: Iterator[int]  # of the looks: each is newer than all before

    def ids(self, accounts: set[str], rules: list[str], *, steady: bool = False) -> set[str]:
        """Return the findings of these rules; steady: of functions where nothing is resolved."""
        return {
            finding_id(account, REGION, name, rule)
            for account, name in self.functions
            for rule in (CROWDED_RULES if name == CROWDED else RULES)
            if account in accounts and rule in rules and not (steady and not _is_steady(name))
        }


def _is_steady(name: str) -> bool:
    return name.endswith(("0", "2", "4", "6", "8"))


@pytest.fixture(scope="module", params=SIZES)
def estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    """In a server of its own: the others would wait for it."""
    number = (request.param - len(CROWDED_RULES)) // len(RULES)
    functions = [(OTHER if one % 4 == 3 else ACCOUNT, f"function-{one:03}") for one in range(number)]
    functions.append((ACCOUNT, CROWDED))
    looks = (
        a_look(0, violated=CROWDED_RULES if name == CROWDED else RULES, function=name, account_id=account)
        for account, name in functions
    )
    with dynamodb_local() as url:
        dynamodb = local_client(url, config=PATIENT)
        create_findings_table(dynamodb, "many")
        load(dynamodb, "many", looks)
        store = FindingStore(
            dynamodb, "many", exemptions=lambda: Exemptions((EXEMPTION,)), clock=lambda: moment(1)
        )
        for account, name in functions:
            if _is_steady(name):
                store.replan(account, REGION, name)
        yield Estate(store, functions, count(1))


class Listing(NamedTuple):
    """A listing, the findings that are in it all along, and all that may be in it."""

    read: Callable[..., Page[Finding]]
    always: set[str]
    ever: set[str]


def _all(estate: Estate) -> Listing:
    every = estate.ids({ACCOUNT, OTHER}, [*RULES, *CROWDED_RULES])
    return Listing(estate.store.list_all, every, every)


def _live(estate: Estate) -> Listing:
    both, rules = {ACCOUNT, OTHER}, [*RULES, *CROWDED_RULES]
    read = partial(estate.store.list_all, status=LIVE)
    return Listing(read, estate.ids(both, rules, steady=True), estate.ids(both, rules))


def _account(estate: Estate) -> Listing:
    every = estate.ids({ACCOUNT}, [*RULES, *CROWDED_RULES])
    return Listing(partial(estate.store.list_by_account, ACCOUNT), every, every)


def _rule(estate: Estate) -> Listing:
    every = estate.ids({ACCOUNT, OTHER}, RULES[:1])
    return Listing(partial(estate.store.list_by_rule, RULES[0]), every, every)


def _cause(estate: Estate) -> Listing:
    read = partial(estate.store.list_by_cause, CAUSE)
    always, ever = (estate.ids({ACCOUNT}, RULES[:1], steady=steady) for steady in (True, False))
    return Listing(read, always, ever)


def _exemption(estate: Estate) -> Listing:
    read = partial(estate.store.list_by_exemption, EXEMPTION.exemption_id)
    always, ever = (estate.ids({ACCOUNT, OTHER}, RULES[1:2], steady=steady) for steady in (True, False))
    return Listing(read, always, ever)


def _function(estate: Estate) -> Listing:
    every = estate.ids({ACCOUNT}, CROWDED_RULES)
    return Listing(partial(estate.store.list_by_function, ACCOUNT, REGION, CROWDED), every, every)


@pytest.mark.parametrize("listing", [_all, _live, _account, _rule, _cause, _exemption, _function])
def test_a_listing_under_writers_has_each_finding_once(
    estate: Estate, listing: Callable[[Estate], Listing]
) -> None:
    read, always, ever = listing(estate)
    page_size = min(400, len(ever) // 8)

    with _writing(estate) as recorded:
        while not recorded:  # none is listed before they write
            sleep(0.01)
        seen = Counter(one.finding_id for one in _walk(partial(read, details=False), page_size))

    assert max(seen.values()) == 1
    assert always <= seen.keys() <= ever
    assert len(recorded) > WRITERS


def test_the_causes_under_writers_come_once_and_their_counts_agree_afterwards(estate: Estate) -> None:
    """Of every cause something is violated all along."""
    with _writing(estate) as recorded:
        while len(recorded) < WRITERS:
            sleep(0.01)
        during = [one.cause_id for one in _walk(estate.store.causes, 7)]

    counted = {
        one.cause_id: Counter({"exempt": one.exempt}) + Counter(one.open)
        for one in _walk(estate.store.causes, 100)
    }
    found: dict[str, Counter[str]] = {}
    for one in _walk(partial(estate.store.list_all, status=LIVE, details=False), 1_000):
        if cause_id := cause_of(one):
            found.setdefault(cause_id, Counter())["exempt" if one.status == "exempt" else one.severity] += 1
    assert counted == found
    steady = {
        str(cause_of(a_finding(rule, account_id=account))) for account in (ACCOUNT, OTHER) for rule in RULES
    }
    assert len(set(during)) == len(during)
    assert steady <= set(during)


def _walk(read: Callable[..., Page[T]], page_size: int) -> Iterator[T]:
    page = read(page_size=page_size)
    yield from page.items
    while page.cursor is not None:
        page = read(page_size=page_size, cursor=page.cursor)
        yield from page.items


@contextmanager
def _writing(estate: Estate) -> Iterator[list[str]]:
    """Have sixteen writers record looks meanwhile; gives the functions recorded so far."""
    is_over, recorded = Event(), list[str]()

    def write(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - which verdict comes next
        while True:
            for account, name in estate.functions[number::WRITERS]:
                if is_over.is_set():
                    return
                look = _look(account, name, next(estate.minutes), chance)
                assert estate.store.record(look).outcome == "recorded"
                recorded.append(name)

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        try:
            yield recorded
        finally:
            is_over.set()
    for writer in writers:
        writer.result()


def _look(account: str, name: str, minute: int, chance: random.Random) -> Look:
    """Return a look at some rules of a function: all still violated where it is steady, else anything."""
    rules = chance.sample(CROWDED_RULES if name == CROWDED else RULES, 3)
    place: dict[str, Any] = {"function": name, "account_id": account}
    if _is_steady(name):
        violated = [
            a_finding(rule, minute=minute, severity=chance.choice(["high", "low"]), **place) for rule in rules
        ]
        return a_look(minute, violated=violated, **place)
    said = {rule: chance.choice(["violated", "unknown", "passed"]) for rule in rules}
    named: dict[str, Any] = {
        verdict: [rule for rule in rules if said[rule] == verdict]
        for verdict in ("violated", "unknown", "passed")
    }
    return a_look(minute, **named, **place)
