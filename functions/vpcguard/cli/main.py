"""`vpcguard`: the command line's entry. A new command is a file under `commands` and a row here."""

from __future__ import annotations

import typer

from vpcguard.cli.commands import rules
from vpcguard.cli.commands.audit import audit
from vpcguard.cli.commands.capture import capture
from vpcguard.cli.commands.explain import explain
from vpcguard.cli.interrupts import listen

app = typer.Typer(
    name="vpcguard",
    help="Finds Lambda functions whose VPC network cannot do what they need. Read-only.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(audit)
app.command()(capture)
app.command()(explain)
app.add_typer(rules.app, name="rules")


@app.callback()
def _start() -> None:
    listen()
