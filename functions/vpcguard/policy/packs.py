"""Rules of an organization's own: folders of Rego that are built into the bundle beside the shipped rules.

A rule is a package custom.vpcguard.rules.<family>.<fault> whose METADATA has a title, a severity and advice
(docs/own-rules.md). What cannot be right is refused here, before anything is judged with it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from vpcguard.errors import ConfigurationError
from vpcguard.model import Severity
from vpcguard.policy.catalogue import metadata_of
from vpcguard.policy.configuration import OwnRules, rules_that_read, shipped_rule_ids
from vpcguard.policy.schemas import find_policies

_PACKAGE = re.compile(r"^package\s+(\S+)", re.MULTILINE)
_RULE = re.compile(r"custom\.vpcguard\.rules\.([a-z0-9]+)\.([a-z0-9_]+)")
_REQUIRED = ("title", "severity", "advice")
_TEXTS = frozenset({"title", "severity", "advice", "doubt", "description"})
_LISTS = frozenset({"statement", "reads", "related_resources"})
_OF_OPA = frozenset({"authors", "organizations", "scope", "schemas"})
_KEYS = _TEXTS | _LISTS | _OF_OPA | {"remediation"}
# what would carry facts away, or make a verdict depend on more than the facts
_FORBIDDEN = frozenset(
    {
        "http.send",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "time.now_ns",
        "uuid.rfc4122",
        "trace",
        "print",
    }
)
# in every package of a pack, a misspelt field of the input is an error
_WITH_SCHEMA = b"""\
# METADATA
# scope: subpackages
# schemas:
#   - input: schema.input
package custom
"""
_CHECK_SECONDS = 60
_LONGEST_TEXT = 1500


@dataclass(frozen=True, slots=True)
class Packs:
    """What packs hold.

    metadata: by rule id, as the decision shows it. files: by name, for the bundle. rules: as a configuration
    has them. folders: by the beginning of a file's name in the bundle, where it came from. described: by rule
    id, its folder and its METADATA as it stands there.
    """

    metadata: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, bytes]
    rules: OwnRules
    folders: Mapping[str, Path]
    described: Mapping[str, tuple[Path, Mapping[str, Any]]]


NO_PACKS = Packs({}, {}, {}, {}, {})


def read_packs(folders: Sequence[Path]) -> Packs:
    """Return what these folders hold; tests (*_test.rego) stay out.

    Raises ConfigurationError for a folder without a rule, a file that is no Rego, a package of another name,
    a rule that does not describe itself, or whose id a shipped rule or another pack has.
    """
    described: dict[str, tuple[Path, dict[str, Any]]] = {}
    files: dict[str, bytes] = {"custom/package.rego": _WITH_SCHEMA} if folders else {}
    for number, folder in enumerate(folders):
        if not folder.is_dir():
            raise ConfigurationError(f"{folder}: there is no such folder of policies")
        by_rule: dict[str, list[Path]] = {}
        for path in _rego_files(folder):
            files[f"custom/{number}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
            if match := _RULE.fullmatch(_package_of(path)):
                by_rule.setdefault(".".join(match.groups()), []).append(path)
        if not by_rule:
            raise ConfigurationError(f"{folder}: no package custom.vpcguard.rules.<family>.<fault> in it")
        for rule_id, paths in by_rule.items():
            if rule_id in shipped_rule_ids() or rule_id in described:
                whose = "another pack has a rule" if rule_id in described else "a shipped rule is called"
                raise ConfigurationError(f"{paths[0]}: {whose} {rule_id}; choose another name")
            described[rule_id] = (folder, _described(paths))
    return Packs(
        metadata={rule_id: _shown(said) for rule_id, (_, said) in described.items()},
        files=files,
        rules={
            rule_id: {"enabled": True, "reads": said.get("reads", [])}
            for rule_id, (_, said) in described.items()
        },
        folders={f"custom/{number}/": folder for number, folder in enumerate(folders)},
        described=described,
    )


def check_bundle(bundle: Path, opa: Path, packs: Packs) -> None:
    """Raise ConfigurationError, in OPA's words, for packs that do not compile against the facts' schema.

    A pack may call nothing that reaches out, or that answers otherwise the second time.
    """
    known = json.loads(_run(packs, opa, "capabilities", "--current").stdout)
    known["builtins"] = [one for one in known["builtins"] if one["name"] not in _FORBIDDEN]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as capabilities:
        json.dump(known, capabilities)
        capabilities.flush()
        schemas = find_policies() / "schemas"
        found = _run(
            packs,
            *(opa, "check", "--bundle", str(bundle)),
            *("--schema", str(schemas), "--capabilities", capabilities.name),
        )
    if found.returncode:
        said = found.stderr or found.stdout
        for name, folder in packs.folders.items():
            said = said.replace(name, f"{folder}/")
        said = "; ".join(said.split("\n")).replace("\t", " ").strip("; ")
        raise ConfigurationError(f"the policies do not compile: {said[:_LONGEST_TEXT]}")


def _run(packs: Packs, opa: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  a pinned binary, fixed arguments
            [str(opa), *arguments], capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        folders = ", ".join(str(folder) for folder in packs.folders.values())
        raise ConfigurationError(
            f"{folders}: OPA did not compile this within {_CHECK_SECONDS} s (opa {arguments[0]})"
        ) from error


def _rego_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.name in ("data.json", "data.yaml", "data.yml"):
            raise ConfigurationError(
                f"{path}: a pack holds Rego alone; values belong in the configuration (rules.<id>.parameters)"
            )
        if path.is_file() and path.suffix == ".rego" and not path.name.endswith("_test.rego"):
            yield path


def _package_of(path: Path) -> str:
    try:
        match = _PACKAGE.search(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    package = match[1] if match else ""
    if not package.startswith("custom."):
        raise ConfigurationError(
            f"{path}: expected package custom.vpcguard.rules.<family>.<fault>, or custom.<other> for "
            f"helpers; found {package or 'none'}"
        )
    if package.startswith("custom.vpcguard.rules") and not _RULE.fullmatch(package):
        raise ConfigurationError(
            f"{path}: expected package custom.vpcguard.rules.<family>.<fault>, of lower case letters, digits "
            f"and _ (in the fault alone); found {package}"
        )
    return package


def _described(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the METADATA of a rule's package, wherever in it; raises ConfigurationError.

    Whatever a decision could not show, and a key that means nothing, is refused.
    """
    with_metadata = [
        path for path in paths if "# METADATA\n" in path.read_text("utf-8").split("\npackage ")[0]
    ]
    path = (with_metadata or paths)[0]
    if len(with_metadata) != 1:
        raise ConfigurationError(
            f"{path}: expected METADATA above its package once, found {len(with_metadata)}"
        )
    said = metadata_of(path)
    for name, value in said.items():
        if fault := _fault(name, value):
            raise ConfigurationError(f"{path}: {name} in its METADATA {fault}")
    severities = get_args(Severity)
    for name in _REQUIRED:
        if name not in said:
            raise ConfigurationError(f"{path}: its METADATA has no {name}")
    if said["severity"] not in severities:
        raise ConfigurationError(
            f"{path}: the severity in its METADATA is {said['severity']}, none of {', '.join(severities)}"
        )
    if said.get("remediation", "none") != "none":
        raise ConfigurationError(f"{path}: no remediation rests on a rule of your own; leave it out")
    return {"doubt": f"Not known whether this holds: {' '.join(said['title'].split())}", **said}


def _fault(name: str, value: Any) -> str | None:
    """Return what is wrong with an entry of METADATA."""
    if name not in _KEYS:
        close = get_close_matches(name, _KEYS, n=1)
        return f"means nothing{f'; did you mean {close[0]}?' if close else ''}"
    if name in _TEXTS:
        return None if isinstance(value, str) and value.strip() else "is no text"
    entries = value if isinstance(value, list) else [None]
    if name == "related_resources":
        entries = [one.get("ref") if isinstance(one, dict) else one for one in entries]
    if name in _LISTS and not all(isinstance(one, str) for one in entries):
        return "is no list of texts"
    on_request = {one for rule in rules_that_read().values() for one in rule["reads"]}
    if name == "reads" and (strange := set(value) - on_request):
        return f"names {min(strange)}, which is none of {', '.join(sorted(on_request))}"
    return None


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    title = " ".join(said["title"].split())
    return {
        "title": title,
        "doubt": said["doubt"],
        "severity": said["severity"],
        "advice": " ".join(said["advice"].split()),
        "remediation": "none",
        "statement": said.get("statement", []),
    }
