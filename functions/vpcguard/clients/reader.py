"""The clients of one account and region, made when first asked for and shared by all threads."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from typing import Any

ClientMaker = Callable[[str], Any]
OwnerFinder = Callable[[str], "AwsReader | None"]


class AwsReader:
    """What a snapshot reads with.

    make_client: service name -> botocore client of this account and region.
    find_owner: account id -> reader of that account in the same region, or None.
    """

    def __init__(
        self, *, account_id: str, region: str, make_client: ClientMaker, find_owner: OwnerFinder
    ) -> None:
        self.account_id = account_id
        self.region = region
        self._make_client = make_client
        self._find_owner = find_owner
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the one client of a service, e.g. "ec2"; clients are thread-safe, making one is not.

        https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        """
        client = self._clients.get(service)
        if client is None:
            with self._lock:
                client = self._clients.get(service)
                if client is None:
                    client = self._clients[service] = self._make_client(service)
        return client

    def warm(self, services: Iterable[str]) -> None:
        """Make clients before they are needed: 5 to 100 ms each, which INIT pays better than an invoke.

        The garbage collector pauses meanwhile: it would walk through the models of the services, megabytes
        that stay, again and again, for a quarter of the time.
        """
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            for service in services:
                self.client(service)
        finally:
            if is_collecting:
                gc.enable()

    def owner(self, account_id: str) -> AwsReader | None:
        """Return a reader of the account that owns a shared VPC; None: there is no role to read it with.

        Raises ClientError when the role refuses us.
        """
        return self if account_id == self.account_id else self._find_owner(account_id)
