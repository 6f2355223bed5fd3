"""The local stack: real OPA, real DynamoDB Local, the same handlers, and a stand-in for AWS. Not shipped."""
