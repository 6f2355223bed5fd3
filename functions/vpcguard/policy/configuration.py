"""The override document laid over the policies' defaults: checked here, and policy data everywhere else.

The command line reads it once, from a file. Deployed, ConfigurationSource reads it again whenever that is
due, and only a good document replaces the one in force.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from vpcguard.clock import Clock
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.policy.schemas import check, find_policies

# By id, rules of an organization's own, as rules_that_read has the shipped ones.
OwnRules = Mapping[str, Mapping[str, Any]]

SOURCE_NAME = "configuration"  # what a polled document is called in errors
RETRY_SECONDS = 5  # after a failed start: messages of one batch must not each wait for the same time out
_MISSPELT = 0.9  # as alike as ids with one letter wrong


@dataclass(frozen=True, slots=True)
class Configuration:
    """A checked override document, as it travels to the policies as `input.config`.

    digest: "sha256:<hex>" of its canonical JSON, kept with every verdict. reads: operations beyond the common
    ones, each needed by a rule that is on for anybody. own: as of load_configuration. names_units: something
    in it is for units of the organization, so that nobody can be judged by it whose unit is not known.
    """

    document: Mapping[str, Any]
    digest: str
    reads: frozenset[str] = frozenset()
    own: OwnRules = field(default_factory=dict)
    names_units: bool = False


def load_configuration(
    source: Mapping[str, Any] | Path | None = None, own: OwnRules | None = MappingProxyType({})
) -> Configuration:
    """Return the configuration of a document, of a YAML or JSON file, or the empty one.

    own: the rules of an organization's own, which it may set as the shipped ones; None: of whoever does not
    judge, and does not know which rules there are; none is refused then.

    Raises ConfigurationError that names the place and what is expected there. An unknown key or rule, a key
    given twice and a YAML alias are refused: each has cost somebody a setting they thought was on.
    """
    if source is None:
        source = {"version": 1}
    if isinstance(source, Path):
        return _checked(parse_file(source), str(source), own)
    return _checked(source, "configuration", own)


def load_own_rules(path: Path) -> OwnRules:
    """Return the rules of an organization's own that were built into a layer; none where there is no file.

    Raises ConfigurationError for a file that is not what extension/build_bundle.py writes.
    """
    if not path.exists():
        return {}
    own = parse_file(path)
    if not isinstance(own, Mapping) or not all(isinstance(rule, Mapping) for rule in own.values()):
        raise ConfigurationError(f"{path}: expected the rules of a bundle by id")
    return own


def parse_configuration(
    content: bytes, name: str, own: OwnRules | None = MappingProxyType({})
) -> Configuration:
    """Return the configuration of a JSON document; name: what it is called in errors; own: as above.

    Raises ConfigurationError like load_configuration.
    """
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repetition)
        return _checked(document, name, own)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: {error}") from error


def check_defaults(policies: Path) -> None:
    """Raise ConfigurationError for defaults of a policies folder that break the schema; it may have none.

    They are a document of overrides, and hold the stage of every rule beside.
    """
    path = policies / "vpcguard" / "config" / "defaults" / "data.yaml"
    if not path.is_file():
        return
    defaults = parse_file(path)
    if not isinstance(defaults, Mapping):
        raise ConfigurationError(f"{path}: expected a mapping")
    sections = {name: section for name, section in defaults.items() if name != "stage"}
    _checked({"version": 1, **sections}, str(path))
    of_every_rule = {"every.rule": {"stage": defaults.get("stage")}}
    check("config", {"version": 1, "rules": of_every_rule}, error=ConfigurationError, root=str(path))


def retired_rules(policies: Path) -> dict[str, str]:
    """Return by id since when a rule of a policies folder is withdrawn; it may have none.

    Raises ConfigurationError for what breaks policies/schemas/retired.json, and for a rule that is still
    there: what it finds could not be kept.
    """
    path = policies / "vpcguard" / "config" / "retired" / "data.json"
    retired = parse_file(path) if path.is_file() else {}
    check("retired", retired, error=ConfigurationError, root=str(path))
    for rule_id in retired:
        if (policies / "vpcguard" / "rules" / rule_id.replace(".", "/")).is_dir():
            raise ConfigurationError(f"{path}: {rule_id} is still there; delete its folder or this entry")
    return {rule_id: one["since"] for rule_id, one in retired.items()}


@cache
def shipped_rule_ids() -> frozenset[str]:
    """Return the ids of the rules that this package comes with: their folders' names."""
    rules = (find_policies() / "vpcguard" / "rules").glob("*/*/*.rego")
    return frozenset(f"{rule.parts[-3]}.{rule.stem}" for rule in rules if rule.stem == rule.parent.name)


class Document(Protocol):
    """Where the document is kept: AppConfigDocument, or a fake of it."""

    def poll(self) -> tuple[bytes | None, float]:
        """Return the content, None if it is the one of the last poll, and the seconds until the next poll.

        Raises ReadError; the next poll then gives the content, changed or not.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one look at the document showed.

    digest: of the configuration in force now; None: there is none, and nothing can be judged.
    rejected: the place and the fault of the document that is not in force. unread: why there was no
    document. is_new: another configuration than before is in force.
    """

    digest: str | None
    rejected: str | None = None
    unread: str | None = None
    is_new: bool = False


class ConfigurationSource:
    """Gives the configuration in force; safe to share between threads.

    At start nothing is judged before a good document was read: without it every setting would silently be a
    default. Later, a document that breaks its schema or cannot be read leaves the last good one in force.

    report: told about every poll, one at a time. own: as of parse_configuration. refusal: says why a document
    that keeps to its schema cannot be meant for here all the same; None: it can.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        report: Callable[[Poll], None],
        own: OwnRules | None = MappingProxyType({}),
        refusal: Callable[[Configuration], str | None] = lambda _: None,
    ) -> None:
        self._document = document
        self._refusal = refusal
        self._own = own
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._current: Configuration | None = None
        self._fault = "not read yet"
        self._rejected: str | None = None
        self._polled_at: datetime | None = None
        self._wait = timedelta(0)

    def __call__(self) -> Configuration:
        """Return the configuration in force; raises ConfigurationError while there has been no good one."""
        # whoever has a good one does not wait for another thread that is asking for a newer one
        if self._lock.acquire(blocking=self._current is None):
            try:
                if self._is_due():
                    self._poll()
            finally:
                self._lock.release()
        if self._current is None:
            raise ConfigurationError(self._fault)
        return self._current

    def _is_due(self) -> bool:
        """The clock on the wall: Lambda's other one may stand still while the environment is frozen."""
        if self._polled_at is None:
            return True
        passed = self._clock() - self._polled_at
        return passed >= self._wait or passed < timedelta(0)

    def _poll(self) -> None:
        before, unread = self._current, None
        self._polled_at = self._clock()
        try:
            content, seconds = self._document.poll()
        except ReadError as error:
            unread = self._fault = str(error)
        else:
            self._wait = timedelta(seconds=seconds)
            if content is not None:
                self._take(content)
        if self._current is None:
            self._wait = max(self._wait, timedelta(seconds=RETRY_SECONDS))
        self._report(
            Poll(
                digest=None if self._current is None else self._current.digest,
                rejected=self._rejected,
                unread=unread,
                is_new=self._current != before,
            )
        )

    def _take(self, content: bytes) -> None:
        try:
            found = parse_configuration(content, SOURCE_NAME, self._own)
        except ConfigurationError as error:
            self._rejected = self._fault = str(error)
        else:
            self._rejected = self._refusal(found)
            self._fault = self._rejected or self._fault
            self._current = found if self._rejected is None else self._current


def _checked(document: Any, name: str, own: OwnRules | None = MappingProxyType({})) -> Configuration:
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"{name}: expected a mapping that begins with version: 1")
    plain = dict(document)
    check("config", plain, error=ConfigurationError, root=name)
    if own is not None:
        _check_rule_ids(plain, name, own)
    _check_owners(plain, name)
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Configuration(
        document=plain,
        digest="sha256:" + hashlib.sha256(canonical.encode()).hexdigest(),
        reads=_reads(plain, own or {}),
        own=own or {},
        names_units=_names_units(plain),
    )


def _names_units(found: object) -> bool:
    if isinstance(found, Mapping):
        return "organization_unit" in found or any(map(_names_units, found.values()))
    return isinstance(found, list) and any(map(_names_units, found))


def _reads(document: Mapping[str, Any], own: OwnRules) -> frozenset[str]:
    """Return what has to be read for rules that are on: for all, or for those whom an override matches."""
    needed: set[str] = set()
    for rule_id, rule in {**rules_that_read(), **own}.items():
        shipped = {"enabled": rule["enabled"]}
        for_all = {**shipped, **document.get("rules", {}).get(rule_id, {})}
        for_some = [one.get("rules", {}).get(rule_id, {}) for one in document.get("overrides", ())]
        if any(one.get("enabled", False) for one in (for_all, *for_some)):
            needed.update(rule["reads"])
    return frozenset(needed)


@cache
def rules_that_read() -> Mapping[str, Any]:
    """Return by id {"enabled": as shipped, "reads": operations} of the rules that need uncommon operations.

    A file beside the policies, which `make docs` writes from the metadata: Lambda has no PyYAML for that.
    """
    found: Mapping[str, Any] = json.loads((find_policies() / "reads.json").read_text("utf-8"))
    return found


def _check_rule_ids(document: Mapping[str, Any], name: str, own: OwnRules) -> None:
    """Refuse settings of rules that do not exist; the schema cannot know: a new rule edits no other file.

    Those of a rule that was withdrawn mean nothing any more, and must not keep the rest from being judged. Of
    a rule of one's own that is in no pack any more, that it is off is true, and may stand there.
    """
    families = {rule_id.partition(".")[0] for rule_id in shipped_rule_ids()}
    sections = {"": document}
    sections |= {f"overrides[{index}].": one for index, one in enumerate(document.get("overrides", ()))}
    for place, section in sections.items():
        for rule_id, settings in section.get("rules", {}).items():
            known = shipped_rule_ids() | own.keys()
            if rule_id in known or rule_id in retired_rules(find_policies()):
                continue
            is_own = rule_id.partition(".")[0] not in families
            is_misspelt = difflib.get_close_matches(rule_id, known, cutoff=_MISSPELT)
            if is_own and settings == {"enabled": False} and not is_misspelt:
                continue
            close = difflib.get_close_matches(rule_id, sorted(known), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            if is_own and not close:
                hint = "; one of your own takes --policies DIR, or a layer with its pack"
            raise ConfigurationError(f"{name}: {place}rules.{rule_id}: there is no such rule{hint}")


def _check_owners(document: Mapping[str, Any], name: str) -> None:
    """Refuse to tell people by a tag that findings do not have: nobody would ever be told."""
    known = {"owner", *(key.lower() for key in document.get("tags", ()))}
    for index, one in enumerate(document.get("owners", ())):
        for key in one["match"].get("tag", ()):
            if key.lower() not in known:
                raise ConfigurationError(
                    f"{name}: owners[{index}].match.tag.{key}: findings have no such tag; name it in tags too"
                )


def parse_file(path: Path) -> Any:
    """Return the value of a YAML or JSON file; raises ConfigurationError that names the place."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_without_repetition)
        return parse_yaml(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} is given twice")
        document[key] = value
    return document


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML document; raises ValueError that names line and column.

    YAML without its surprises: no key twice, no alias, no tag, and dates stay the text they are.
    """
    import yaml  # noqa: PLC0415  Lambda has no PyYAML: what is polled is JSON

    class StrictLoader(yaml.SafeLoader):
        # 2026-11-01 is the text of a date in JSON
        yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own attribute
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(
                    None, None, "aliases are not supported, write the value again", event.start_mark
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  PyYAML's signature
            seen: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                    raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is given twice", key.start_mark
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506  a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ValueError(f"{where}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
