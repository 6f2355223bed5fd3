"""Fixed places in the checkout: .tools/ holds a link to each tool, wherever that came from."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tools.bootstrap.host import ROOT, TOOLS

LINKS = {  # name of the tool: its place below .tools/
    "uv": "bin/uv",
    "opa": "bin/opa",
    "regal": "bin/regal",
    "ministack": "bin/ministack",
    "java": "java",
    "dynamodb-local": "dynamodb-local",
}
_PINS = ("bootstrap/*.py", "requirements/*.txt", "go/*/go.*", "ministack/*", "dynamodb-local.*")


def link_tools(tools: Mapping[str, Path], root: Path = ROOT) -> None:
    """Point .tools/ at the tools and remember what they looked like."""
    for name, target in tools.items():
        place = root / ".tools" / LINKS[name]
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f".{place.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        new.replace(place)
    (root / ".tools" / "state.json").write_text(json.dumps(_state(root)))


def is_current(root: Path = ROOT) -> bool:
    """True if every link leads to what it led to after the last set-up, and no pin has changed."""
    try:
        return bool(json.loads((root / ".tools" / "state.json").read_text()) == _state(root))
    except (OSError, ValueError):
        return False


def _state(root: Path) -> dict[str, str | list[str | int]]:
    state: dict[str, str | list[str | int]] = {"pins": _digest_of_pins()}
    for place in LINKS.values():
        target = (root / ".tools" / place).resolve(strict=True)
        found = target.stat()
        state[place] = [str(target), found.st_mtime_ns, found.st_size]
    return state


def _digest_of_pins() -> str:
    digest = hashlib.sha256()
    for pattern in _PINS:
        for file in sorted(TOOLS.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
