"""Whatever arrives, the parser answers with a change, a reason, or EventError; never with another error."""

from __future__ import annotations

import json
import string
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcguard.changes import EVENTS, look_again_event, parse_change, unversioned
from vpcguard.changes.events import LAMBDA
from vpcguard.errors import EventError
from vpcguard.model import Change, Ignored

FILES = sorted((Path(__file__).parents[3] / "events").glob("*.json"))
DOCUMENTS = [json.loads(file.read_text()) for file in FILES]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


def paths(document: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    here = [path] if path else []
    if not isinstance(document, dict):
        return here
    return here + [found for key in document for found in paths(document[key], (*path, key))]


@st.composite
def mutated_events(draw: st.DrawFn) -> Any:
    event = deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(paths(event)))
        place = event
        for key in parents:
            place = place[key]
        if draw(st.booleans()):
            del place[last]
        else:
            place[last] = draw(values)
        if not event:
            return event
    return event


def outcome(event: Any) -> Change | Ignored | None:
    try:
        return parse_change(event)
    except EventError:
        return None


@given(mutated_events())
def test_a_mutated_event_raises_nothing_but_event_error(event: Any) -> None:
    assert isinstance(outcome(event), Change | Ignored | None)


@given(values)
def test_what_is_no_event_at_all_raises_nothing_but_event_error(event: Any) -> None:
    assert isinstance(outcome(event), Change | Ignored | None)


@given(mutated_events())
def test_a_change_survives_its_own_look_again_event(event: Any) -> None:
    """What the parser accepts, the delayed message brings back whole."""
    change = outcome(event)
    if isinstance(change, Change):
        assert parse_change(json.loads(json.dumps(look_again_event(change)))) == change


@pytest.mark.parametrize(("source", "name"), EVENTS)
@given(version=st.from_regex(r"\A20[0-9]{6}(v[1-9])?\Z"))
def test_every_api_version_is_the_same_event(source: str, name: str, version: str) -> None:
    """A version that AWS has yet to invent must not blind us."""
    assert (source, unversioned(name + version)) == (source, name)


@given(suffix=st.text(alphabet=string.ascii_letters, min_size=1))
def test_a_longer_name_is_another_event(suffix: str) -> None:
    """CreateFunctionUrlConfig begins like CreateFunction and changes no network."""
    event = deepcopy(DOCUMENTS[0])
    event["detail"] |= {"eventSource": LAMBDA, "eventName": f"CreateFunction{suffix}"}

    ignored = parse_change(event)

    assert ignored == Ignored("not_ours", event["detail"]["eventID"], f"CreateFunction{suffix}")


def test_a_call_to_another_account_is_reported_by_that_account() -> None:
    """The caller's copy must not send us to a function of ours that happens to have the same name."""
    event = json.loads(
        next(file for file in FILES if file.name.startswith("UpdateFunctionConfiguration")).read_text()
    )
    event["detail"]["requestParameters"] = {
        "functionName": "arn:aws:lambda:eu-west-1:999999999999:function:orders-api"
    }

    found = parse_change(event)

    assert isinstance(found, Ignored)
    assert found.outcome == "not_ours"
