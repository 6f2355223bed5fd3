"""The command line: parse, one call, show. One file a command, under `commands`."""
