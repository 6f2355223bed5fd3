"""AWS: who reads which account, what an operation is, and how it is read."""
