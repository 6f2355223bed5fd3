"""The use cases: snapshot, facts, decision, looks and their record, for every trigger.

`judging.judge` has no side effects and is what the command line uses too; `messages` and `sweep` are what
the handlers call. Import each by its module: nothing here is imported before it is needed.
"""
