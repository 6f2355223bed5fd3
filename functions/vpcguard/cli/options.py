"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option(help="Configuration laid over the defaults, YAML or JSON.", show_default=False)
]
Regions = Annotated[
    list[str] | None,
    typer.Option(help="Region to read; repeatable. Default: the profile's.", show_default=False),
]
Profile = Annotated[str | None, typer.Option(help="AWS profile to read with.", show_default=False)]
RoleArn = Annotated[str | None, typer.Option(help="Role to assume; its account is read.", show_default=False)]
Functions = Annotated[
    list[str] | None,
    typer.Option(help="Only this function; repeatable. Default: every function.", show_default=False),
]
States = Annotated[
    bool, typer.Option("--states", help="Read each function's State too: one call a function.")
]
