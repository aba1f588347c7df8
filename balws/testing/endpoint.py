# -*- test-case-name: tests.testing.test_endpoint -*-
"""
A place on a network in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from zope.interface import implementer

if TYPE_CHECKING:
    from balws.testing.network import MemoryNetwork


@implementer(IStreamServerEndpoint, IStreamClientEndpoint)
class MemoryEndpoint:
    """
    Where servers listen and clients connect; made by
    L{MemoryNetwork.endpoint<balws.testing.MemoryNetwork.endpoint>}.

    @ivar address: of the place.
    """

    def __init__(self, network: MemoryNetwork, address: IPv4Address) -> None:
        self._network = network
        self.address = address

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        @return: has fired with the port, or failed with
            L{CannotListenError<twisted.internet.error.CannotListenError>} where somebody
            listens there.
        """
        port = MemoryPort(self._network, self.address, protocolFactory)
        try:
            port.startListening()
        except CannotListenError:
            return fail()
        return succeed(port)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        @return: has fired with the protocol; or failed with
            L{ConnectionRefusedError<twisted.internet.error.ConnectionRefusedError>} where
            nobody listens, or while the network refuses.  While the network is held it waits.
        """
        return self._network.connect(self.address, protocolFactory)


@implementer(IListeningPort)
class MemoryPort:
    """
    Somebody listens.

    @ivar factory: builds the protocols.
    """

    def __init__(self, network: MemoryNetwork, address: IPv4Address, factory: IProtocolFactory) -> None:
        self._network = network
        self._address = address
        self.factory = factory

    def startListening(self) -> None:
        """
        @raise twisted.internet.error.CannotListenError: when somebody listens there.
        """
        listening = self._network.listening
        if self._address.port in listening:
            raise CannotListenError(self._address.host, self._address.port, OSError("Address already in use"))
        listening[self._address.port] = self
        self.factory.doStart()

    def stopListening(self) -> Deferred[None]:
        """
        Accept nobody any more; connections go on.

        @return: has fired.
        """
        if self._network.listening.get(self._address.port) is self:
            del self._network.listening[self._address.port]
            self.factory.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address:
        """
        @return: where it listens.
        """
        return self._address
