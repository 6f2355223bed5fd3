"""What a snapshot reads, a small group of operations in each file; ACTIONS are the IAM actions they need."""
