"""Write docs/output.md from the schemas in docs/schemas: what programs get of `vpcguard audit`.

The schema of a finding is put into that of an audit, so that each can be used alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCHEMAS = DOCS / "schemas"
PAGE = DOCS / "output.md"
_HEAD = """\
# Output for programs

<!-- Written by `make docs` from docs/schemas; do not edit. -->

`vpcguard audit --format json` writes one document, [schemas/audit.json](schemas/audit.json); `--format jsonl`
one finding a line, [schemas/finding.json](schemas/finding.json), and nothing else on stdout: what was not
read is told on stderr, and by exit code 3. Both are JSON Schema, draft 2020-12, with closed objects. Fields
are added, and none is renamed or removed without a major version; all are always there, null where nothing is
known. The text is ASCII. The same snapshot, configuration and policies give the same bytes.

The table for people (`--format table`) is for reading alone: its words and its layout change.
"""
_TYPES = {
    "object": "object",
    "array": "list",
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
}


def page() -> str:
    """Return the text of docs/output.md."""
    audit = audit_schema()
    parts = [_HEAD.strip(), *_section(audit, "##")]
    for schema in audit["$defs"].values():
        parts += _section(schema, "###")
    return "\n\n".join(parts) + "\n"


def audit_schema() -> Any:
    """Return the schema of an audit with the one of a finding as it is now."""
    audit, finding = (
        json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")) for name in ("audit", "finding")
    )
    audit["$defs"]["finding"] = {key: one for key, one in finding.items() if not key.startswith("$")}
    return audit


def main() -> None:
    """Write the page, and the schema of an audit."""
    text = json.dumps(audit_schema(), indent=2, ensure_ascii=False)
    (SCHEMAS / "audit.json").write_text(text + "\n", "utf-8")
    PAGE.write_text(page(), "utf-8")


def _section(schema: Mapping[str, Any], level: str) -> Iterator[str]:
    yield f"{level} {schema['title']}"
    yield schema["description"]
    rows = ["| field | is | |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        rows.append(f"| `{name}` | {_type(field)} | {_words(field)} |")
    yield "\n".join(rows)


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return _link(field["$ref"])
    if field["type"] == "array":
        return f"list of {_link(field['items']['$ref'])}" if "$ref" in field["items"] else "list of texts"
    kinds: list[str] = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(_TYPES.get(kind, kind) for kind in kinds)


def _link(reference: str) -> str:
    name = reference.rpartition("/")[2].removesuffix(".json").replace("_", "")
    return f"[{name}](#{name})"


def _words(field: Mapping[str, Any]) -> str:
    values = [f"`{one}`" for one in field.get("enum", ()) if one is not None]
    listed = f". One of {', '.join(values)}" if values else ""
    return f"{field['description']}{listed}"


if __name__ == "__main__":
    main()
