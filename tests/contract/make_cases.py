"""Write every golden case to tests/contract/cases anew.

.venv/bin/python -m tests.contract.make_cases
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.contract.catalogue import CASES

CASES_FOLDER = Path(__file__).resolve().parent / "cases"


def files_of(name: str) -> dict[str, str]:
    """Return the files of one case: snapshot, expected verdicts, and the configuration if there is one."""
    case = CASES[name]()
    files = {"snapshot.json": _text(case.estate.snapshot()), "expected.json": _text(case.expected)}
    # JSON is YAML
    return files | ({} if case.configuration is None else {"config.yaml": _text(case.configuration)})


def write_cases(folder: Path = CASES_FOLDER) -> None:
    """Write all cases anew; what is no case any more goes."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in CASES:
        (folder / name).mkdir(parents=True)
        for file, content in files_of(name).items():
            (folder / name / file).write_text(content, "utf-8")


def stale_cases(folder: Path = CASES_FOLDER) -> list[str]:
    """Return the names of cases whose files are missing, differ, or belong to no case."""
    stored = {
        path.name: {file.name: file.read_text("utf-8") for file in path.iterdir()}
        for path in folder.iterdir()
    }
    return sorted(
        name for name in {*stored, *CASES} if name not in CASES or stored.get(name) != files_of(name)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, which takes no arguments."""
    words = "Write every golden case to tests/contract/cases anew."
    argparse.ArgumentParser(prog="python -m tests.contract.make_cases", description=words).parse_args(
        arguments
    )
    write_cases()


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
