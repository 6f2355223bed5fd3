"""What is exempt, who said so and until when: pure, the one evaluation of exemptions for every path.

An exemption is made once and never edited: it ends when it expires or is revoked, and a revoked one never
comes back. What is not one, by whatever way it came, is refused here, by its field; found in the table, it
exempts nothing. Globs are the configuration's (policies/schemas/config.json), and mean the same as there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final, Literal

from vpcguard.clock import rfc3339
from vpcguard.errors import ExemptionError

LONGEST: Final = timedelta(days=365)  # from its creation to its expiry
SHORTEST_NOTICE: Final = timedelta(days=14)  # what ends sooner is listed as expiring

# Characters at most: of what people write, of an ARN, and of a glob (a unit's path is five names of 128)
_CHARACTERS: Mapping[str, int] = {
    "reason": 1_000,
    **dict.fromkeys(("ticket", "owner", "source"), 200),
    **dict.fromkeys(("created_by", "revoked_by"), 2_048),
}
_ASKED: Final = ("match", "covers", "reason", "ticket", "owner", "expires_at")
_GLOBS: Final = ("organization_unit", "account_id", "region", "function")
_EXACT: Final = ("rule_id", "family", "root_cause")
_MATCH_CHARACTERS = 640
# A glob that matches all of these names nothing: a function and a unit that nobody has (every unit stands
# under "root"), and ids from all over the range.
_NOBODY: Mapping[str, tuple[str, ...]] = {
    "organization_unit": ("root/\ue000",),
    "account_id": tuple(digit * 12 for digit in digits),
    "function": ("\ue000" * 64,),
}
_GLOB = (  # as in policies/schemas/config.json: what OPA's glob.match takes without refusing it or crashing
    r"([^\[\]{}\\]|\[!?([^\[\]{}\\!-]+|a-z|A-Z|0-9)\]|\{[^\[\]{}\\,*?]+(,[^\[\]{}\\,*?]+)*\})+"
)
_PART = re.compile(r"\*+|\?|\[[^\]]+\]|\{[^}]+\}|[^*?\[{]+")
_RANGES: Mapping[str, str] = {"a-z": ascii_lowercase, "A-Z": ascii_uppercase, "0-9": digits}
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")  # clock.rfc3339
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(rf"{_DAY.pattern}[Tt ][0-9:]{{8}}(\.[0-9]{{1,9}})?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, and halves of a character
_EXPECTED: Mapping[str, tuple[str, str]] = {
    "rule_id": (r"[a-z0-9]+\.[a-z0-9_]+", "the id of a rule, e.g. nat.no_internet_egress"),
    "family": (r"[a-z0-9]+", "the family of a rule, what stands before the dot of its id, e.g. nat"),
    "root_cause": (r"\S(.*\S)?", "the id of a resource, e.g. nat-0a1b2c3d"),
    **dict.fromkeys(
        _GLOBS, (_GLOB, "a glob: * any text, ? one character, [ab] or [a-z] one of these, {a,b}")
    ),
}

Covers = Literal["violation", "unknown"]
State = Literal["in_force", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What an exemption is for; all that is given must match, None matches anything.

    organization_unit, account_id, region, function: globs. rule_id, family, root_cause: exactly these.
    """

    organization_unit: str | None = None
    account_id: str | None = None
    region: str | None = None
    function: str | None = None
    rule_id: str | None = None
    family: str | None = None
    root_cause: str | None = None

    def matches(self, subject: Subject) -> bool:
        """True if all that is given matches; a unit that is not known is matched by no glob."""
        return (
            self.rule_id in (None, subject.rule_id)
            and self.family in (None, subject.rule_id.partition(".")[0])
            and self.root_cause in (None, subject.root_cause)
            and _is_any(self.account_id, subject.account_id)
            and _is_any(self.region, subject.region)
            and _is_any(self.function, subject.function_name)
            and _is_any(self.organization_unit, subject.organization_unit)
        )

    def given(self) -> dict[str, str]:
        """Return what is given, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One exemption.

    exemption_id: "vx-" and 32 hex digits. covers: violations, or unknowns (an attestation: somebody verified
    what no read can tell). created_by, revoked_by: ARNs of callers. Times are RFC 3339, UTC, microseconds;
    expires_at is the first moment at which it exempts nothing any more. revision counts its writes. source:
    the file that it was imported from; empty: none.
    """

    exemption_id: str
    covers: Covers
    match: Matcher
    reason: str
    ticket: str | None
    owner: str
    created_by: str
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    revoked_by: str | None = None
    revision: int = 1
    source: str = ""

    @property
    def ends_at(self) -> str:
        """When it ended or will end, by revocation or expiry."""
        return min(self.expires_at, self.revoked_at or self.expires_at)

    def is_in_force(self, moment: str) -> bool:
        """True if it exempts at a moment (clock.rfc3339)."""
        return self.revoked_at is None and self.created_at <= moment < self.expires_at

    def state(self, moment: str) -> State:
        """Return what it is at a moment (clock.rfc3339)."""
        if self.revoked_at is not None:
            return "revoked"
        return "in_force" if moment < self.expires_at else "expired"

    def as_document(self) -> dict[str, Any]:
        """Return it as a JSON object; `match` holds what is given."""
        return asdict(self) | {"match": self.match.given()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be exempted: what one rule says of one function. None: not known, or there is none."""

    account_id: str
    region: str
    function_name: str
    rule_id: str
    organization_unit: str | None
    root_cause: str | None
    verdict: Covers


@dataclass(frozen=True, slots=True)
class Exemptions:
    """All exemptions that were read at one moment.

    malformed: keys of items that could not be read; they exempt nothing, and no remediation passes meanwhile.
    """

    items: tuple[Exemption, ...] = ()
    malformed: tuple[str, ...] = ()
    _by_key: dict[str | None, list[Exemption]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for one in self.items:
            self._by_key.setdefault(_key_of(one.match), []).append(one)

    def covering(self, subject: Subject, now: datetime) -> Exemption | None:
        """Return what exempts a subject now: of several the one that lasts longest, then the smallest id."""
        if not self.items:
            return None
        moment, found = rfc3339(now), None
        for one in self._candidates(subject):
            if one.covers != subject.verdict or not one.is_in_force(moment) or not one.match.matches(subject):
                continue
            if found is None or (found.expires_at, one.exemption_id) < (one.expires_at, found.exemption_id):
                found = one
        return found

    def _candidates(self, subject: Subject) -> Iterator[Exemption]:
        """Yield all that may match: there may be thousands, and most of them name one account or rule."""
        for key in {subject.account_id, subject.root_cause, subject.rule_id, None}:
            yield from self._by_key.get(key, ())


def _key_of(match: Matcher) -> str | None:
    """Return the account id, root cause or rule id of all that can match; None: they may differ."""
    if match.account_id is not None and is_literal(match.account_id):
        return match.account_id
    return match.root_cause or match.rule_id


# ---- one that is made, and one that was ----


def new_id() -> str:
    """Return an id for a new exemption."""
    return f"vx-{os.urandom(16).hex()}"


def derived_id(*parts: str) -> str:
    """Return the id of an exemption that these texts name: the same for ever."""
    return "vx-" + hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]


def made(
    given: Mapping[str, Any], *, created_by: str, now: datetime, exemption_id: str, source: str = ""
) -> Exemption:
    """Return the exemption that somebody asks for, made now.

    given: `match` (an object, as of a Matcher), `reason`, `owner`, `expires_at` (RFC 3339, or a day, which is
    its last), and where wanted `covers` (otherwise "violation") and `ticket`; nothing else. Raises
    ExemptionError that names the first field which is at fault.
    """
    for problem in problems(given, now):
        raise problem
    words = said(given)
    return checked(
        Exemption(
            exemption_id=exemption_id,
            **words | {"match": Matcher(**words["match"])},
            created_by=created_by,
            created_at=rfc3339(now),
            source=source,
        )
    )


def said(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what somebody asks for in one form, whatever way it was written; it has no problems."""
    ticket = given.get("ticket")
    return {
        "covers": given.get("covers", "violation"),
        "match": {name: value for name, value in sorted(given["match"].items()) if value is not None},
        "reason": given["reason"].strip(),
        "ticket": None if ticket is None else ticket.strip(),
        "owner": given["owner"].strip(),
        "expires_at": rfc3339(expiry(given["expires_at"])),
    }


def problems(given: Mapping[str, Any], now: datetime | None) -> Iterator[ExemptionError]:
    """Yield everything that is wrong with what somebody asks for.

    now: when it would be made; None: it may be long ago, so that any time will do.
    """
    yield from _unknown(given, _ASKED)
    yield from _word_problems({"covers": "violation", **given})
    try:
        expires = expiry(given.get("expires_at"))
    except ExemptionError as problem:
        yield problem
        return
    if now is None:
        return
    if expires <= now:
        yield ExemptionError("expires_at", f"{given['expires_at']} is in the past")
    elif expires > now + LONGEST:
        last = (now + LONGEST).astimezone(UTC).date() - timedelta(days=1)
        words = f"{given['expires_at']} is more than {LONGEST.days} days away; its last day may be {last}"
        yield ExemptionError("expires_at", words)


def expiry(given: object) -> datetime:
    """Return the first moment after an exemption: RFC 3339, or after a day. Raises ExemptionError."""
    try:
        if isinstance(given, str) and _DAY.fullmatch(given):
            return datetime.fromisoformat(given).replace(tzinfo=UTC) + timedelta(days=1)
        if isinstance(given, str) and _MOMENT.fullmatch(given):
            return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    expected = "a day, which is its last, or an RFC 3339 time: 2026-12-31 or 2026-12-31T18:00:00Z"
    instead = "it is missing" if given is None else f"not {str(given)[:80]!r}"
    raise ExemptionError("expires_at", f"expected {expected}; {instead}")


def checked(exemption: Exemption) -> Exemption:
    """Return an exemption whose every field holds what it must; raises ExemptionError that names the field.

    It may have ended.
    """
    document = exemption.as_document()
    for problem in _word_problems(document):
        raise problem
    for name in ("created_by", "source", "revoked_by"):
        if document[name] is not None or name != "revoked_by":
            for problem in _text_problems(name, document[name], may_be_empty=name == "source"):
                raise problem
    _require(
        re.fullmatch(r"vx-[0-9a-f]{32}", str(exemption.exemption_id)), "exemption_id", "vx- and 32 hex digits"
    )
    created, expires = (_written(name, document[name]) for name in ("created_at", "expires_at"))
    _require(timedelta(0) < expires - created <= LONGEST, "expires_at", "365 days after created_at at most")
    if exemption.revoked_at is not None:
        _written("revoked_at", exemption.revoked_at)
    revision: object = exemption.revision
    _require(isinstance(revision, int) and revision > 0, "revision", "a whole number above 0")
    return exemption


def _word_problems(given: Mapping[str, Any]) -> Iterator[ExemptionError]:
    match = given.get("match")
    if isinstance(match, Mapping):
        yield from _unknown(match, (*_EXACT, *_GLOBS), "match.")
        yield from _match_problems({name: match[name] for name in match if match[name] is not None})
    else:
        yield ExemptionError("match", "expected an object of some of " + ", ".join((*_EXACT, *_GLOBS)))
    if given.get("covers") not in ("violation", "unknown"):
        yield ExemptionError("covers", "expected violation or unknown")
    elif given["covers"] == "unknown" and isinstance(match, Mapping) and match.get("root_cause") is not None:
        words = "what is not known has no root cause; name the rule or family, and where it may not be known"
        yield ExemptionError("match.root_cause", words)
    for name in ("reason", "owner"):
        yield from _text_problems(name, given.get(name))
    if given.get("ticket") is not None:
        yield from _text_problems("ticket", given["ticket"])


def _match_problems(match: Mapping[str, Any]) -> Iterator[ExemptionError]:
    good: dict[str, str] = {}
    for name in (*_EXACT, *_GLOBS):
        if name not in match:
            continue
        pattern, expected = _EXPECTED[name]
        found = list(_text_problems(f"match.{name}", match[name]))
        if not found and not re.fullmatch(pattern, match[name], re.DOTALL):
            found = [ExemptionError(f"match.{name}", f"expected {expected}, not {match[name][:80]!r}")]
        if not found:
            good[name] = match[name]
        yield from found
    if good.keys() == match.keys() and not any(name in good for name in _EXACT):
        probes = [(good[name], text) for name, texts in _NOBODY.items() if name in good for text in texts]
        if all(glob_matches(glob, text) for glob, text in probes):
            words = "it matches everything; name a rule_id, family, root_cause, account, function or unit"
            yield ExemptionError("match", words)


def _text_problems(field: str, value: object, *, may_be_empty: bool = False) -> Iterator[ExemptionError]:
    longest = _CHARACTERS.get(field, _MATCH_CHARACTERS)
    if value is None:
        yield ExemptionError(field, "it is missing")
    elif not isinstance(value, str):
        yield ExemptionError(field, f"expected a text, not {type(value).__name__}; write it in quotes")
    elif not (value.strip() or may_be_empty):
        yield ExemptionError(field, "it is empty")
    elif len(value) > longest:
        yield ExemptionError(field, f"{len(value)} characters are too long; {longest} at most")
    elif unfit := _UNFIT.search(value):
        yield ExemptionError(field, f"it holds the character {unfit.group()!r}")


def _unknown(given: Mapping[str, Any], known: Sequence[str], prefix: str = "") -> Iterator[ExemptionError]:
    for name in given:
        if name not in known:
            yield ExemptionError(f"{prefix}{str(name)[:80]}", f"not known here; known are {', '.join(known)}")


def _written(field: str, value: object) -> datetime:
    """Return a time that clock.rfc3339 wrote: they are compared as texts, which holds for its width only."""
    try:
        if isinstance(value, str) and _WRITTEN.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ExemptionError(field, f"expected RFC 3339 with microseconds in UTC, not {str(value)[:80]!r}")


def _require(condition: object, field: str, expected: str) -> None:
    if not condition:
        raise ExemptionError(field, f"expected {expected}")


# ---- globs ----


def _is_any(glob: str | None, text: str | None) -> bool:
    return glob is None or (text is not None and glob_matches(glob, text))


def is_literal(glob: str) -> bool:
    """True for a glob that matches itself alone."""
    return not set(glob) & set("*?[{")


def glob_matches(glob: str, text: str) -> bool:
    """True if a glob of the configuration's grammar matches a whole text, as OPA's glob.match(_, null, _).

    It takes steps of the glob's length times the text's at most, where a regular expression with many stars
    may take for ever: each part moves on all places of the text that the parts before it reach.
    """
    places = {0}
    for part in _parts(glob):
        if part[0] == "*":
            places = set(range(min(places), len(text) + 1))
        elif part[0] in "?[":
            places = {place + 1 for place in places if place < len(text) and _is_one_of(text[place], part)}
        else:
            texts = part[1:-1].split(",") if part[0] == "{" else [part]
            places = {place + len(one) for place in places for one in texts if text.startswith(one, place)}
        if not places:
            return False
    return len(text) in places


@lru_cache(maxsize=4096)
def _parts(glob: str) -> list[str]:
    return _PART.findall(glob)


def _is_one_of(character: str, part: str) -> bool:
    if part == "?":
        return True
    is_negated = part[1] == "!"
    among = part[2:-1] if is_negated else part[1:-1]
    return (character in _RANGES.get(among, among)) is not is_negated
