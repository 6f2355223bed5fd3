"""Every glob that the schema lets pass can be matched by OPA, which crashes on some that it does not."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / "policies" / "schemas" / "config.json").read_text())
MATCH = CONFIG["properties"]["overrides"]["items"]["properties"]["match"]["properties"]
TOKENS = ["a", "*", "?", "{", "}", ",", "[", "]", "!", "-", "\\", "{a,aa}", "[ab]", "[!a]", "[a-z]"]
SUBJECTS = ["", "a", "aa", "ab", "ba", "aab", "root/a/b", "ä"]
QUERY = "data.globs.matched"
POLICY = """package globs

matched := [pattern |
	some pattern in input.patterns
	every subject in input.subjects {
		glob.match(pattern, null, subject) in {true, false}
	}
]
"""


def test_what_the_schema_lets_pass_opa_can_match(tmp_path: Path) -> None:
    """One pattern that OPA refuses would take every verdict of the account along."""
    allowed = re.compile(MATCH["function"]["pattern"])
    made = {"".join(parts) for count in (1, 2, 3, 4) for parts in itertools.product(TOKENS, repeat=count)}
    patterns = sorted(pattern for pattern in made if allowed.match(pattern))
    (tmp_path / "globs.rego").write_text(POLICY)
    question = json.dumps({"patterns": patterns, "subjects": SUBJECTS})

    answer = subprocess.run(
        [ROOT / ".tools/bin/opa", "eval", "--data", tmp_path / "globs.rego", "--stdin-input", QUERY],
        input=question,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(patterns) > 1000
    (result,) = json.loads(answer.stdout)["result"]
    assert result["expressions"][0]["value"] == patterns


@pytest.mark.parametrize("key", ["organization_unit", "account_id", "region", "function"])
def test_every_key_of_a_match_is_such_a_glob(key: str) -> None:
    assert MATCH[key]["pattern"] == MATCH["function"]["pattern"]


@pytest.mark.parametrize(
    "pattern", ["", "[a", "a]", "{a", "a}", "{}", "{a*,a}", "[z-a]", "[]", "a\\", "?{}*"]
)
def test_what_opa_refuses_or_crashes_on_is_refused(pattern: str) -> None:
    assert re.match(MATCH["function"]["pattern"], pattern) is None
