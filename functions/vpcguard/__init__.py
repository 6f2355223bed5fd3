"""Lambda VPC Guard: what Lambda functions and the networks under them say about each other."""
