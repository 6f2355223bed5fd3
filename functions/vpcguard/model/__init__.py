"""The words of the domain as types; every other module may import these, they import nothing of ours.

change -> scope -> snapshot -> (facts) -> decision -> finding, in the order of the flow.
"""
