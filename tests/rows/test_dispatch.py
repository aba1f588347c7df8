"""
Dispatch by the type of a message: table A4b and B13 of the inventory, ruling 5; and
services that cannot work: row DB07.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand, environment
from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, Peer, closing, frame
from tests.rows.serving import ServedTestCase
from tests.servers import freePort


class DispatchTests(ServedTestCase):
    """
    A service whose C{dispatcherKey} is C{event}.
    """

    def answers(self, peer: Peer, message: object, answer: bytes) -> None:
        """
        Check what a text message gets.
        """
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.assertEqual(peer.send(frame(TEXT, text)).receive(), (TEXT, answer), text[:80])

    def test_names(self) -> None:
        """
        A type goes to the method of its name, made of its words (A4b.1, A4b.2)
        """
        peer = self.open("/events/text")
        for event in ("heartbeat", "Heartbeat", "HEARTBEAT", "heartBeat", "_heartbeat", "heartbeat!", " heartbeat "):
            self.answers(peer, {"event": event}, b"heartbeat")
        for event in ("this_ping message", "this-ping.message", "This Ping  Message", "__this__ping__message__"):
            self.answers(peer, {"event": event}, b"this ping message")
        self.answers(peer, {"event": "subscribeNow", "value": 1}, b"subscribenow 1")
        self.answers(peer, b' {"x": [{"event": "order"}], "event": "heartbeat"} ', b"heartbeat")

    def test_values(self) -> None:
        """
        A method with a dispatcherConfig is reached by exactly its value, and by nothing
        else (B13)
        """
        peer = self.open("/events/text")
        self.answers(peer, {"event": "un subscribe"}, b"leave")
        for event in ("leave", "Leave", "unsubscribe", "un_subscribe", "Un Subscribe", " un subscribe"):
            self.answers(peer, {"event": event}, b"otherwise")

    def test_fixed(self) -> None:
        """
        No message reaches a fixed method, an error method, or anything else that is no
        remote method, by its name (decision 7)
        """
        peer = self.open("/events/text")
        events = ["close", "open", "error", "text message", "message", "binary message", "ping", "pong", "idle timeout"]
        events += ["order error", "heartbeat error", "_end", "note", "began", "__init__", "__class__", "", " ", "_"]
        for event in events:
            self.answers(peer, {"event": event, "item": "a", "count": 1, "statusCode": 1000}, b"otherwise")
        self.assertEqual(self.calls(), [])
        alone = self.open("/events/ignored").send(frame(TEXT, b'{"event":"ping"}') + frame(PING, b"p"))
        alone.send(frame(TEXT, b'{"event":"heartbeat"}'))
        self.assertEqual(alone.receive(), (TEXT, b"heartbeat"))
        self.assertEqual(self.calls(), [["onPing"]])

    def test_unmatched(self) -> None:
        """
        What has no type, or one that nobody takes, goes to onTextMessage, to onMessage, or
        nowhere; the connection goes on (A4b.3, A4b.4)
        """
        texts = [b'{"event":7}', b'{"event":null}', b'{"event":["heartbeat"]}', b'{"Event":"heartbeat"}', b"{}"]
        texts += [b'["event"]', b'"heartbeat"', b"7", b'{"event":"unknown"}', b'{"event":"' + b"x" * 5000 + b'"}']
        nonsense = [b"plain", b"", b"{", b'{"event":"heartbeat"', b'{"event":"heartbeat"}x', b"[" * 5000, b'{"a":NaN}']
        peer = self.open("/events/text")
        for text in texts + nonsense:
            self.answers(peer, text, b"otherwise")
        other = self.open("/events/message")
        for text in texts:
            self.answers(other, text, f"message {type(json.loads(text)).__name__}".encode())
        alone = self.open("/events/ignored").send(b"".join(frame(TEXT, text) for text in texts + nonsense))
        self.answers(alone, {"event": "heartbeat"}, b"heartbeat")
        self.assertEqual(self.calls(), [])

    def test_nonsense(self) -> None:
        """
        Where onMessage takes the rest, a rest that is no JSON is 1003 (A4b.3, DB01)
        """
        peer = self.open("/events/message").send(frame(TEXT, b"plain"))
        self.assertEqual(peer.receive()[1][:2], b"\x03\xeb")

    def test_duplicates(self) -> None:
        """
        Of two types the last counts, for the choice as for the data (decision 8)
        """
        peer = self.open("/events/text")
        self.answers(peer, b'{"event":"order","event":"heartbeat","item":1}', b"heartbeat")
        self.answers(peer, b'{"event":"heartbeat","event":"order","item":"a","count":1,"count":2}', b"2")

    def test_binary(self) -> None:
        """
        Binary messages have no type (A4b.4)
        """
        heartbeat = b'{"event":"heartbeat"}'
        peer = self.open("/events/message").send(frame(BINARY, heartbeat))
        self.assertEqual(peer.receive(), (TEXT, b"message dict"))
        peer = self.open("/events/text").send(frame(BINARY, heartbeat) + frame(TEXT, heartbeat))
        self.assertEqual(peer.receive(), (TEXT, b"heartbeat"))

    def test_depth(self) -> None:
        """
        What is too deep has no type, and is no fault of the log (DB02)
        """
        peer = self.open("/events/text")
        for depth in (65, 1000, 9000):
            deep = b'{"event":"heartbeat","x":' + b"[" * depth + b"]" * depth + b"}"
            self.answers(peer, deep, b"otherwise")
        self.answers(peer, b'{"event":"heartbeat","x":' + b"[" * 60 + b"]" * 60 + b"}", b"heartbeat")


class ErrorTests(ServedTestCase):
    """
    Data of a type that is not what its method declares.
    """

    def test_told(self) -> None:
        """
        The method's own error method takes it, and the connection goes on (B14)
        """
        peer = self.open("/events/text")
        for wrong in ('"count":"x"', '"count":0', '"item":1'):
            peer.send(frame(TEXT, f'{{"event":"order",{wrong}}}'.encode()))
            self.assertEqual(peer.receive(), (TEXT, b"no order"))
        peer.send(frame(TEXT, b'{"event":"order","item":"a","count":3}'))
        self.assertEqual(peer.receive(), (TEXT, b"3"))
        self.assertEqual(self.calls(), [])

    def test_strict(self) -> None:
        """
        Without one it is 1003, a line in the log, and onError (decision 5)
        """
        peer = self.open("/events/text").send(frame(TEXT, b'{"event":"strict","item":"a","count":"x"}'))
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xeb"))
        self.assertIn(b"$.count", payload)
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(), [["onError", "PayloadBindingError"]])
        self.assertIn("Events.onStrict: data binding failed", self.logged())

    def test_constraint(self) -> None:
        """
        Without one a broken constraint is onError, and the connection goes on (ruling 6)
        """
        peer = self.open("/events/text").send(frame(TEXT, b'{"event":"strict","item":"a","count":0}'))
        peer.send(frame(TEXT, b'{"event":"heartbeat"}'))
        self.assertEqual(peer.receive(), (TEXT, b"heartbeat"))
        self.assertEqual(self.calls(), [["onError", "PayloadValidationError"]])

    def test_closes(self) -> None:
        """
        A close frame that an error method returns closes (B7)
        """
        peer = self.open("/events/text").send(frame(TEXT, b'{"event":"ending"}'))
        self.assertEqual(peer.receive(), (CLOSE, b"\x0f\xa2ending"))
        self.assertEqual(peer.send(closing(4002)).rest(), b"")

    def test_raises(self) -> None:
        """
        One that fails, or the method itself, is 1011 (DB08)
        """
        self.faults = True
        for event in (b"broken", b"raise"):
            peer = self.open("/events/text").send(frame(TEXT, b'{"event":"' + event + b'"}'))
            self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"))
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.called(), [["onError", "ValueError"]])

    def test_pings(self) -> None:
        """
        Dispatch by type has no part in control frames.
        """
        peer = self.open("/events/text").send(frame(PING, b'{"event":"heartbeat"}'))
        self.assertEqual(peer.receive(), (PONG, b'{"event":"heartbeat"}'))


_HEAD = """
from balws import Service, UpgradeService, dispatcherConfig, get, serviceConfig

{config}
class Door(UpgradeService):
    def get(self) -> "Room":
        return Room()

class Room(Service):
"""


class DefinitionTests(SynchronousTestCase):
    """
    Services that cannot work (DB07).
    """

    def test_refused(self) -> None:
        """
        Twistd ends with one line, which names the place in the file, the class, the method
        and what to do, and with a status of failure (DB07)
        """
        data = "self, data: dict"
        key = '@serviceConfig(dispatcherKey="event")'
        cases = {
            "both": ("", {"onMessage": data, "onTextMessage": "self, text: str"}, "onTextMessage"),
            "unknown": ("", {"onXyz": data}, "onXyz"),
            "number": ("", {"onTextMessage": "self, text: int"}, "onTextMessage"),
            "reason": ("", {"onClose": "self, reason: str"}, "onClose"),
            "error": (key, {"onOrderError": "self, error"}, "onOrderError"),
        }
        running = {}
        for name, (config, methods, _) in cases.items():
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            body = "".join(f"    def {method}({parameters}): ...\n" for method, parameters in methods.items())
            (folder / f"bad{name}.py").write_text(_HEAD.format(config=config) + body, "utf-8")
            file = f'[[listeners]]\nport = {freePort()}\n[[listeners.services]]\npath = "/x"\n'
            (folder / "balws.toml").write_text(f'{file}service = "bad{name}:Door"\n', "utf-8")
            command = asCommand("twistd -n balws --config balws.toml")
            running[name] = subprocess.Popen(
                command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            self.addCleanup(running[name].wait)
            self.addCleanup(running[name].kill)
        for name, process in running.items():
            output, _ = process.communicate(timeout=30)
            self.assertNotIn(process.returncode, (0, None), name)
            place = "balws.toml:5:11: listeners[0].services[0].service: "
            self.assertTrue(output.startswith(f"{place}Room.{cases[name][2]}: "), output)
            self.assertEqual(output.count("\n"), 1, output)
