"""Questions to the policies: configuration, bundle, a local OPA, and the one client of OPA.

It gathers no names: what only starts an OPA need not import the client as well.
"""
