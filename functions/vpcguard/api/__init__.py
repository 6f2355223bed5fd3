"""The API: routes on Powertools' resolvers, checked requests and answers, problems, signed cursors.

`app.mount` puts the same routes on the resolver of a Lambda function and on that of `vpcguard serve`.
"""
