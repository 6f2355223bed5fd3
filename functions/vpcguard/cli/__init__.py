"""The command line: parse, one call, show. One module a command; `main` names them."""
