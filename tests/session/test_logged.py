"""
Tests of L{balws.session.logged}, and of what events say of a connection.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.logger import formatEvent

from balws import Service, UpgradeService
from balws.logs.record import recordOf
from balws.server.inbound import Inbound, kindOf
from balws.session.methods import MethodTable
from tests.auth.checking import AnsweringTokens
from tests.server.guarded import BEARER, GuardedTestCase
from tests.server.peers import frame, upgrade
from tests.server.samples import EchoUpgrade, Port
from tests.session.doubles import Mounted


class Broken(Service):
    """
    Fails at each message.
    """

    def onOpen(self, caller):
        self.caller = caller

    def onTextMessage(self, text: str):
        raise RuntimeError("no")


class BrokenUpgrade(UpgradeService):
    """
    Its door.
    """

    def __init__(self) -> None:
        self.service = Broken()

    def get(self) -> Broken:
        return self.service


class LoggedTests(GuardedTestCase):
    """
    C{[server] logConnections}, and ids in the log.
    """

    def told(self, namespace: str) -> list[dict[str, Any]]:
        """
        The events of a part.
        """
        return [each for each in self.events if each["log_namespace"] == namespace]

    def test_lines(self) -> None:
        """
        A connection's beginning and its end are a line each, with the same id and plain fields.
        """
        port = Port(serverConfig={"logConnections": True})
        port.listener.attach(EchoUpgrade(), "/echo", config={"pingInterval": 0})
        peer = port.connect().send(upgrade("/echo"))
        (connection,) = port.listener.conversations()
        name = connection.caller.getConnectionId()
        port.advance(2.5, peer)
        peer.send(frame(b"\x0f\xa1", 0x88))
        first, last = self.told("balws.connections")
        self.assertEqual(formatEvent(first), f"opened: {name} at /echo from 192.0.2.7")
        self.assertEqual(formatEvent(last), f"closed: {name} at /echo from 192.0.2.7 after 2.5 s with 4001")
        self.assertEqual((first["event"], first["user"]), ("opened", None))
        self.assertEqual((last["event"], last["code"], last["seconds"]), ("closed", 4001, 2.5))
        self.assertEqual(port.listener.conversations(), [])

    def test_user(self) -> None:
        """
        Who was authenticated stands in both lines.
        """
        self.serve(AnsweringTokens("ada"), listener={"serverConfig": {"logConnections": True}})
        peer = self.begin(BEARER)
        peer.leave()
        first, last = self.told("balws.connections")
        self.assertIn(' from 192.0.2.7, "ada"', formatEvent(first))
        self.assertEqual((first["user"], last["user"]), ("ada", "ada"))
        for each in (first, last):
            record = recordOf(each)
            assert record is not None
            self.assertIn("user", record.fields)
            self.assertEqual([name for name in record.fields if "who" in name], [])

    def test_nameless(self) -> None:
        """
        An avatar of the application's that has no name is nobody, and disturbs nothing.
        """
        table = MethodTable(Broken, None, True)
        for principal, who in ((object(), ""), (SimpleNamespace(username=7), ', "7"')):
            connection = kindOf(False, False, True)(Broken(), table, Mounted().terms)
            connection.principal = principal
            connection.ended(1000, "")
            said = formatEvent(self.events[-1])
            self.assertIn(f"closed: {connection.caller.getConnectionId()} at / from {who} after", said)

    def test_off(self) -> None:
        """
        Unless it is asked for nothing is said of connections.
        """
        port = Port()
        port.listener.attach(EchoUpgrade(), "/echo")
        port.connect().send(upgrade("/echo")).leave()
        self.assertEqual(self.told("balws.connections"), [])

    def test_failure(self) -> None:
        """
        The traceback of a method names the connection, its path and the peer's address.
        """
        port, service = Port(), BrokenUpgrade()
        port.listener.attach(service, "/broken")
        port.connect().send(upgrade("/broken")).send(frame(b"x"))
        (event,) = [each for each in self.events if "log_failure" in each]
        self.flushLoggedErrors(RuntimeError)
        self.assertEqual(event["connection"], service.service.caller.getConnectionId())
        self.assertEqual((event["path"], event["address"]), ("/broken", "192.0.2.7"))

    def test_kinds(self) -> None:
        """
        A connection is of the plainest class that does what is asked, the same each time.
        """
        self.assertIs(kindOf(False, False, False), Inbound)
        for wanted in ((True, False, False), (False, True, False), (False, False, True), (True, True, True)):
            kind = kindOf(*wanted)
            self.assertIs(kindOf(*wanted), kind)
            self.assertIn(Inbound, kind.__mro__)
            names = [each.__name__ for each in kind.__mro__]
            self.assertEqual([name in names for name in ("Paced", "Counted", "Logged")], list(wanted))
