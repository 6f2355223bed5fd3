"""Begin a rule: write its folder with the rule and its test, from tools/templates."""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_OWN_FAMILY = re.compile(r"[a-z][a-z0-9]*")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 60
# words that Rego takes for itself: https://www.openpolicyagent.org/docs/policy-reference#reserved-names
_RESERVED = frozenset(
    {"as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input", "not"}
    | {"null", "package", "some", "true", "with"}
)
_NEXT = """\
Next: fill in what says FILL IN, the condition and its tests; add a golden case under
tests/contract/catalogue; then `make docs rego`. docs/contributing/rule.md has all steps."""
_NEXT_OF_OWN = """\
Next: fill in what says FILL IN, the condition and its tests; then `vpcguard rules test {folder}`.
docs/own-rules.md says what a rule may rest on."""


class NewRuleError(Exception):
    """A rule that cannot be begun; the message says why and what to do."""


def begin(rules: Path, family: str, fault: str) -> list[Path]:
    """Write the files of a new rule below the folder of all rules and return them; raises NewRuleError."""
    families = sorted(folder.name for folder in rules.iterdir() if folder.is_dir())
    if family not in families:
        raise NewRuleError(
            f"no family {family!r}; there are {', '.join(families)}"
            if family
            else f"FAMILY is missing: one of {', '.join(families)}"
        )
    _check_fault(fault)
    return _begin(rules / family / fault, "rule", family, fault)


def begin_own(pack: Path, rules: Path, family: str, fault: str) -> list[Path]:
    """Write the files of a rule of one's own below a pack's folder and return them; raises NewRuleError.

    rules: the folder of the shipped ones, whose ids are taken.
    """
    if not _OWN_FAMILY.fullmatch(family):
        raise NewRuleError(f"FAMILY is {family!r}: one word in lower case, e.g. org")
    _check_fault(fault)
    if (rules / family / fault).exists():
        raise NewRuleError(f"a shipped rule is called {family}.{fault}; choose another name")
    return _begin(pack / family / fault, "own_rule", family, fault)


def _begin(folder: Path, template: str, family: str, fault: str) -> list[Path]:
    if folder.exists():
        raise NewRuleError(f"there is a rule {family}.{fault} already: {folder}")
    folder.mkdir(parents=True)
    return [
        _write(folder / f"{fault}.rego", f"{template}.rego", family, fault),
        _write(folder / f"{fault}_test.rego", f"{template}_test.rego", family, fault),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_rule", description=__doc__)
    parser.add_argument("family", help="the folder it goes into, e.g. az")
    parser.add_argument("fault", help="the fault's name, e.g. single_az")
    parser.add_argument("--policies", type=Path, default=ROOT / "policies", help="default: policies/")
    parser.add_argument("--own", default="", metavar="DIR", help="begin a rule of your own in this pack")
    asked = parser.parse_args(arguments)
    rules = asked.policies / "vpcguard" / "rules"
    try:
        if asked.own:
            files = begin_own(Path(asked.own), rules, asked.family, asked.fault)
        else:
            files = begin(rules, asked.family, asked.fault)
    except NewRuleError as error:
        print(f"new rule: {error}", file=sys.stderr)
        return 2
    for file in files:
        print(f"written: {file}")
    print(_NEXT_OF_OWN.format(folder=asked.own) if asked.own else _NEXT)
    return 0


def _check_fault(fault: str) -> None:
    if not fault:
        raise NewRuleError("FAULT is missing: what is wrong, in a few words, e.g. single_az")
    if not _NAME.fullmatch(fault) or len(fault) > _LONGEST:
        raise NewRuleError(
            f"{fault!r} is no name of a fault: lower case words joined by _, at most {_LONGEST} characters"
        )
    if fault in _RESERVED:
        raise NewRuleError(f"{fault!r} is a word of Rego itself; name the fault in more words")
    if fault.endswith("_test"):
        raise NewRuleError(f"{fault!r} would be taken for a test; name the fault itself")


def _write(file: Path, template: str, family: str, fault: str) -> Path:
    text = (_TEMPLATES / template).read_text("utf-8")
    file.write_text(text.replace("FAMILY", family).replace("FAULT", fault), "utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
