"""First step of the flow: what an event reports, as a change, and the event that asks for another look.

Everything here is pure and treats its input as untrusted: the only error raised is EventError.
"""

from vpcguard.changes.events import EVENTS, Target, unversioned
from vpcguard.changes.look_again import is_look_again, look_again_event, parse_look_again
from vpcguard.changes.parse import parse_change

__all__ = [
    "EVENTS",
    "Target",
    "is_look_again",
    "look_again_event",
    "parse_change",
    "parse_look_again",
    "unversioned",
]
