"""Everything this package raises on purpose.

VpcGuardError
├── EventError                  an event that claims to be ours and cannot be read
├── SnapshotError               a document that is not a snapshot
├── ReadError                   AWS could not be read for a passing reason; worth a retry
│   └── ThrottledError          throttling that outlasted its retries
├── NothingReadError            AWS answered nothing at all, in no region asked for
├── ConfigurationError          configuration that breaks its schema
│   └── NoOrganizationError     configuration by unit, where there is no organization
├── FactsError                  facts that break the contract with the policies
├── DecisionError               no decision we may trust; never read as "no violations"
│   ├── OpaUnavailableError     OPA did not answer in time; worth a retry
│   │   └── OpaTimeoutError     OPA is there, and the question takes too long
│   ├── UndefinedDecisionError  an answer without a result: wrong path, or no bundle loaded
│   ├── PolicyEvaluationError   OPA reports an error while evaluating
│   └── InvalidDecisionError    an answer that breaks the decision schema
├── QueueError                  SQS did not take a message
├── PublishingError             EventBridge did not take events
├── ArchiveError                a snapshot could not be kept, or read again
├── OutOfTimeError              not begun, because the process would have been stopped in the middle
├── FindingStoreError           DynamoDB refused a write for a reason other than an older look
├── ListingError                a cursor or a page size that a listing does not take: the caller's fault
├── ExemptionError              what is no exemption: the caller's fault; names the field
├── NoExemptionError            there is no exemption of that id
└── RevisionError               what was to be changed is another by now than the caller saw
"""

from __future__ import annotations


class VpcGuardError(Exception):
    """Base of every error that this package raises on purpose."""


class EventError(VpcGuardError):
    """An event that claims to be ours and cannot be read; a retry does not help."""


class SnapshotError(VpcGuardError):
    """A document that is not a snapshot; the message names where and what was expected."""


class ReadError(VpcGuardError):
    """AWS could not be read for a passing reason; the message is worth a retry."""


class ThrottledError(ReadError):
    """AWS kept throttling one operation until its retries were used up."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"AWS kept throttling {operation}; try again later")
        self.operation = operation


class NothingReadError(VpcGuardError):
    """AWS answered nothing at all: there is nothing to judge. code: AWS's own of the first failure."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ConfigurationError(VpcGuardError):
    """Configuration that breaks its schema; the message names the place and what is expected."""


class NoOrganizationError(ConfigurationError):
    """The account is in no organization, and something was to be known of one; a retry does not help."""


class FactsError(VpcGuardError):
    """Facts that break policies/schemas/input.json: a fault of ours, nothing is recorded."""


class DecisionError(VpcGuardError):
    """No decision that may be trusted; never to be read as "no violations"."""


class OpaUnavailableError(DecisionError):
    """OPA did not answer in time, or cannot be reached."""


class OpaTimeoutError(OpaUnavailableError):
    """OPA is there, and what it was asked takes longer than it may."""


class UndefinedDecisionError(DecisionError):
    """OPA answered without a result: the entrypoint is wrong or no bundle is loaded."""


class PolicyEvaluationError(DecisionError):
    """OPA reports an error while evaluating; the message holds its text."""


class InvalidDecisionError(DecisionError):
    """OPA's answer breaks policies/schemas/decision.json."""


class QueueError(VpcGuardError):
    """SQS did not take a message: nothing is lost, what it was about is tried again as a whole."""


class PublishingError(VpcGuardError):
    """EventBridge did not take events: nothing is lost, what was to be published is tried again."""


class ArchiveError(VpcGuardError):
    """A snapshot could not be kept, or read again; a verdict without its evidence is not recorded."""


class OutOfTimeError(VpcGuardError):
    """Work that was not begun, because the process would have been stopped in the middle; worth a retry."""


class FindingStoreError(VpcGuardError):
    """DynamoDB refused a write for a reason other than an older look."""


class ListingError(VpcGuardError):
    """A cursor or a page size that a listing does not take: the caller's fault, 400 in an API."""


class ExemptionError(VpcGuardError):
    """What is no exemption; names the field, e.g. "match.account_id", and what it must hold."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field
        self.words = words


class NoExemptionError(VpcGuardError):
    """There is no exemption of that id, or what there is, is none: 404 in an API."""


class RevisionError(VpcGuardError):
    """What was to be changed is another by now than the caller saw: 412 in an API."""
