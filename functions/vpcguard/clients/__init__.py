"""AWS clients for one account and region: our own credentials, or those of an assumed role."""

from vpcguard.clients.accounts import AuditRole, AwsAccounts, connect
from vpcguard.clients.limiter import RateLimiter
from vpcguard.clients.models import new_session
from vpcguard.clients.reader import AwsReader

__all__ = ["AuditRole", "AwsAccounts", "AwsReader", "RateLimiter", "connect", "new_session"]
