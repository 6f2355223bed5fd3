"""A document of AWS AppConfig, polled as its API asks for.

Why not Powertools' AppConfigProvider (3.37.0, read in its source): it imports boto3, which
nothing else here needs; it keeps using a token that AWS refused (one lost answer, or 24 hours), so
that a process never reads the configuration again; and it ignores NextPollIntervalInSeconds.
https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html
"""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.errors import ReadError

ACTIONS = ("appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration")
POLL_SECONDS = 30  # a deployed change is to be live within two minutes
# less patient than other clients: once a configuration is in force, a reload may wait for the next poll
CLIENT_CONFIG = Config(
    connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)


class AppConfigDocument:
    """One configuration profile in one environment; not safe to share between threads.

    appconfigdata: botocore client. The identifiers are ids or names.
    """

    def __init__(self, appconfigdata: Any, *, application: str, environment: str, profile: str) -> None:
        self._client = appconfigdata
        self._identifiers = {
            "ApplicationIdentifier": application,
            "EnvironmentIdentifier": environment,
            "ConfigurationProfileIdentifier": profile,
        }
        self._token: str | None = None

    def poll(self) -> tuple[bytes | None, float]:
        """Return the content, None if unchanged since the last poll, and the seconds until the next poll.

        Where nothing is deployed the first content is empty. Raises ReadError; the next poll begins
        a new session then, since a token serves one call, answered or not.
        """
        token, self._token = self._token, None
        is_first = token is None
        try:
            if token is None:
                session = self._client.start_configuration_session(
                    **self._identifiers, RequiredMinimumPollIntervalInSeconds=POLL_SECONDS
                )
                token = session["InitialConfigurationToken"]
            answer = self._client.get_latest_configuration(ConfigurationToken=token)
            content: bytes = answer["Configuration"].read()
            seconds = float(answer["NextPollIntervalInSeconds"])
            self._token = answer["NextPollConfigurationToken"]
        except ClientError as error:
            reason = f"{error.operation_name} was refused: {error.response['Error']['Code']}"
            raise ReadError(f"AppConfig could not be read: {reason}") from error
        except (BotoCoreError, KeyError) as error:  # KeyError: an answer that is not AppConfig's
            raise ReadError(f"AppConfig could not be read: {type(error).__name__}") from error
        return content if content or is_first else None, seconds
