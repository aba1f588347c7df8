# -*- test-case-name: tests.server.test_sight -*-
"""
What can be seen of a listener, for whoever watches it: the admin endpoint, commands, the log.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from balws.server.admission import Admission
from balws.server.bound import urlOf
from balws.server.inbound import Inbound
from balws.server.mount import Mount
from balws.server.offer import Offer, Premises
from balws.session.traffic import Traffic
from balws.wire.roster import Roster

_log = Logger(namespace="balws.server")


class Sight:
    """
    Looks, and changes nothing.
    """

    _name: str
    _offer: Offer
    _port: IListeningPort | None
    _premises: Premises
    _roster: Roster

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """
        The upgrade services, in the order in which they were attached.
        """
        return tuple(self._offer.mounts)

    @property
    def admission(self) -> Admission:
        """
        Says how many may come in.
        """
        return self._premises.admission

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """
        What connections that have ended have carried, by path; empty unless it is counted.
        """
        return self._premises.traffic or {}

    def conversations(self, closing: bool = False) -> list[Inbound]:
        """
        @param closing: whether those are wanted, too, whose closing handshake goes on; what they carried is in no
            L{traffic} yet.
        @return: of connections that were upgraded those that are open, and those.
        """
        found = [getattr(member, "session", None) for member in self._roster.members]
        return [session for session in found if isinstance(session, Inbound) and (closing or session.isOpen)]

    @property
    def url(self) -> str | None:
        """
        Where it listens, such as C{"ws://127.0.0.1:9090"}, or the path of a socket; L{None} before
        C{start}, and where there is no port.
        """
        return None if self._port is None else urlOf(self._port, self._isSecure)

    def announce(self) -> None:
        """
        Have the log say where it serves what.
        """
        _log.info("Serving {paths} at {url}", paths=", ".join(mount.path for mount in self.mounts), url=self.url)

    @property
    def _isSecure(self) -> bool:
        way = self._offer.way
        return self._name.startswith("ssl:") or (way is not None and way.tls is not None)
