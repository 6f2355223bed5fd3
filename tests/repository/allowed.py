"""What test_python_never_judges.py finds and lets pass: the file, what it is, and why it does not judge."""

ALLOWED: list[tuple[str, str, str]] = [
    ("vpcguard/policy/opa.py", "port 443", "the port of an https URL that names none"),
]
