"""Writes policies/schemas/config.json into template.yaml, as what AppConfig validates a deployment by.

AppConfig knows JSON Schema draft 4 only, so what came later is said in its words.
https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "policies" / "schemas" / "config.json"
TEMPLATE = ROOT / "template.yaml"
LONGEST = 32_768  # https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_Validator.html
_LEFT_OUT = ("$schema", "$id", "title", "description")
_BLOCK = re.compile(r"(?<=\n)(?P<indent> +)(?P<key>Content: >-  # make validator\n)(?:(?P=indent) +.*\n)+")


def for_appconfig(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a draft 7 schema as one of draft 4 that accepts the same, without its words for people."""
    return {"$schema": "http://json-schema.org/draft-04/schema#", **_translated(schema)}


def written_into(template: str, schema: dict[str, Any]) -> str:
    """Return the template with the validator of a schema; raises ValueError where it has no place for it."""
    content = json.dumps(for_appconfig(schema))
    if len(content) > LONGEST:
        raise ValueError(f"the schema has {len(content)} characters, AppConfig takes {LONGEST}")
    # a folded scalar: every line break reads as one blank, and JSON has blanks between its tokens
    lines = textwrap.wrap(content, 110, break_long_words=False, break_on_hyphens=False)
    if " ".join(lines) != content:
        raise ValueError("a text of the schema holds several blanks in a row")

    def block(match: re.Match[str]) -> str:
        indent = match["indent"]
        return f"{indent}{match['key']}" + "".join(f"{indent}  {line}\n" for line in lines)

    written, count = _BLOCK.subn(block, template)
    if count != 1:
        raise ValueError("template.yaml has no validator with the comment `make validator`, or several")
    return written


def _translated(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "const":
            found["enum"] = [value]
        elif key in ("properties", "definitions"):
            found[key] = {name: _translated(one) for name, one in value.items()}
        elif key == "propertyNames":  # with the schema of the properties: names of another form are refused
            found["patternProperties"] = {value["pattern"]: _translated(schema["additionalProperties"])}
        elif key == "additionalProperties" and "propertyNames" in schema:
            found[key] = False
        elif key not in _LEFT_OUT:
            found[key] = _translated(value) if isinstance(value, dict) else value
    return found


if __name__ == "__main__":
    TEMPLATE.write_text(written_into(TEMPLATE.read_text(), json.loads(SCHEMA.read_text())))
