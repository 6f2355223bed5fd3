"""`vpcguard rules`: what the policies judge, as they say it themselves."""

import typer

app = typer.Typer(help="The rules.", no_args_is_help=True)
