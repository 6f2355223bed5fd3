"""`python -m vpcguard.cli` is the same as `vpcguard`."""

from vpcguard.cli.main import app

if __name__ == "__main__":
    app()
