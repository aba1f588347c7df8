# -*- test-case-name: tests.client.test_asyncclient -*-
"""
The client whose messages call a service's methods (seed 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IStreamClientEndpoint

from balws.client.link import Link
from balws.client.outgoing import Outgoing
from balws.client.reading import Calling
from balws.config.client import ClientConfiguration
from balws.interfaces import Service


class AsyncClient(Outgoing):
    """
    A connection to a WebSocket service that calls the remote methods of a
    L{balws.Service} of our own, in the same order and with the same meaning of what
    they return as on a listener::

        class Printer(Service):
            def onTextMessage(self, text):
                print(text)

        client = yield AsyncClient.connect("ws://localhost:9090/chat", callbackService=Printer())

    Each connection is a conversation of its own: after a reconnection C{onOpen} is
    called again, and C{onClose} was called with 1006 before.
    """

    def __init__(
        self,
        url: str,
        service: Service,
        config: ClientConfiguration | Mapping[str, Any] | None,
        endpoint: IStreamClientEndpoint | None,
        reactor: Any,
        fields: Mapping[str, Any],
    ) -> None:
        """
        Use L{connect}.
        """
        super().__init__(url, config, endpoint, reactor, fields)
        self._service = service
        self._link.terms.table(type(service))  # what is wrong with it is found now

    @classmethod
    def connect(
        cls,
        url: str,
        callbackService: Service | None = None,
        *,
        config: ClientConfiguration | Mapping[str, Any] | None = None,
        endpoint: IStreamClientEndpoint | None = None,
        reactor: Any = None,
        **fields: Any,
    ) -> Deferred[AsyncClient]:
        """
        Connect to a service; see L{balws.Client.connect}.

        @param callbackService: gets the messages; L{None} ignores them all.
        @return: fires with the client, after C{onOpen}.  Fails also with
            L{balws.ServiceDefinitionError} when the service cannot work as written.
        """
        try:
            service = Service() if callbackService is None else callbackService
            client = cls(url, service, config, endpoint, reactor, fields)
        except Exception:
            return fail()
        return client._link.open().addCallback(lambda _: client)

    def _converse(self, link: Link) -> Calling:
        return Calling(link, self._service)
