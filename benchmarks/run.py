"""`make bench`: measure, compare with what is promised, write docs/performance.md.

python -m benchmarks.run [NAME ...]

Some alone, by the names of MEASUREMENTS: nothing is written.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Section, markdown, plain

MEASUREMENTS = (
    "judging",
    "own_rules",
    "crowding",
    "auditing",
    "handling",
    "starting",
    "following",
    "reading",
)  # modules with measure() -> Section
RESULT = Path(__file__).parents[1] / "docs" / "performance.md"


def main(arguments: list[str]) -> int:
    """Run the measurements named, or all; 1 when a promise is broken."""
    chosen = arguments or list(MEASUREMENTS)
    if unknown := set(chosen) - set(MEASUREMENTS):
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are: {', '.join(MEASUREMENTS)}")
        return 2
    load = os.getloadavg()[0]  # of what else runs: times of a busy machine say little
    sections: list[Section] = []
    for name in chosen:
        section: Section = import_module(f"benchmarks.{name}").measure()
        print(plain(section), flush=True)
        sections.append(section)
    if not arguments:
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        machine = f"{os.cpu_count()} cores, {system}, load average {load:.1f} before the run"
        RESULT.write_text(markdown(sections, machine=machine))
    broken = [figure.name for section in sections for figure in section.figures if not figure.is_kept]
    for name in broken:
        print(f"BROKEN: {name}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
