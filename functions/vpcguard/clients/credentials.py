"""Sessions whose credentials come from a role and renew themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError

ROLE_SESSION_NAME = "vpcguard-audit"


def assumed_session(
    own: botocore.session.Session,
    *,
    role_arn: str,
    external_id: str | None,
    create_client: Callable[..., Any],
) -> botocore.session.Session:
    """Return a session of the role; asks STS at once, so that a refusal shows here.

    create_client makes the STS client, as Session.create_client does. Raises ClientError when the role
    refuses us and NoCredentialsError when we have none to ask with.
    """
    source = own.get_credentials()
    if source is None:
        raise NoCredentialsError
    extra = {"RoleSessionName": ROLE_SESSION_NAME} | (
        {} if external_id is None else {"ExternalId": external_id}
    )
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=create_client, source_credentials=source, role_arn=role_arn, extra_args=extra
    )
    credentials = DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    credentials.get_frozen_credentials()
    session = botocore.session.Session(profile=own.profile)
    # parsing a service's model is what makes a client slow: every account uses the one parsed copy
    session.register_component("data_loader", own.get_component("data_loader"))
    session.register_component("credential_provider", _Provider(credentials))
    return session


class _Provider:
    """Hands a session credentials made elsewhere, where it would look through environment and files."""

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> DeferredRefreshableCredentials:
        return self._credentials
