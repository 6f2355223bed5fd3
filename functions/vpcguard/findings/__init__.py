"""Last step of the flow: what a decision says, as looks, and their record in DynamoDB (docs/table.md).

`looks` is pure and cheap to import; `store` holds everything that needs DynamoDB. Import them as modules.
"""
