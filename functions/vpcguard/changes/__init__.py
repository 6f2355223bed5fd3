"""First step of the flow: what an event reports, as a change, and the event that asks for another look.

Everything here is pure and treats its input as untrusted: the only error raised is EventError.
"""

from vpcguard.changes.events import (
    EVENTS,
    Message,
    function_name,
    look_again_event,
    managed_by,
    parse_change,
    parse_look_again,
    parse_message,
    qualifier,
    unversioned,
)
from vpcguard.model import Change

__all__ = [
    "EVENTS",
    "Change",
    "Message",
    "function_name",
    "look_again_event",
    "managed_by",
    "parse_change",
    "parse_look_again",
    "parse_message",
    "qualifier",
    "unversioned",
]
