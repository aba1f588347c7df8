"""
What is agreed on permessage-deflate (RFC 7692 section 7.1), and that both sides keep to it.
"""

from __future__ import annotations

import random

from tests.rows.deflating import RSV1, Deflater, DeflateTestCase, Inflater
from tests.rows.raw import BINARY, TEXT, Peer, frame

_NAME = b"permessage-deflate"


def repeating(distance: int) -> bytes:
    """
    @return: a message in which everything is there twice, so far apart, and nothing closer.
    """
    return random.Random(distance).randbytes(distance) * 2


class NegotiationTests(DeflateTestCase):
    """
    Offers and answers.
    """

    def agreed(self, *offers: bytes) -> dict[bytes, int]:
        """
        @return: the parameters of the one answer, each with its number, or 0 where it has
            none.
        """
        peer, answers = self.offering(*offers)
        peer.close()
        self.assertEqual(len(answers), 1, offers)
        name, *parameters = (part.strip() for part in answers[0].split(b";"))
        self.assertEqual(name, _NAME)
        found: dict[bytes, int] = {}
        for parameter in parameters:
            key, _, value = parameter.partition(b"=")
            self.assertNotIn(key, found)
            found[key] = int(value or 0)
        return found

    def declined(self, *offers: bytes) -> None:
        """
        Check that the connection goes on without compression.
        """
        peer, answers = self.offering(*offers)
        peer.close()
        self.assertEqual(answers, [], offers)

    def test_none(self) -> None:
        """
        Nothing is agreed where nothing is offered, or nothing that we know (A2.17)
        """
        self.declined()
        for offer in (
            b"",
            b"x",
            b"x-webkit-deflate-frame, deflate-stream",
            b"permessage-bzip2, permessage-snappy, permessage-brotli",
            b"permessage-deflate-x",
            b"x" * 4000,
            b";;;,,,===",
            b"=permessage-deflate",
        ):
            self.declined(offer)

    def test_plain(self) -> None:
        """
        An offer without parameters is agreed to, and the answer asks for nothing that was not
        offered (A2.17)
        """
        for offer in (_NAME, b" permessage-deflate ", b"Permessage-Deflate", b",, permessage-deflate,"):
            self.assertEqual(self.agreed(offer), {}, offer)

    def test_serverTakeover(self) -> None:
        """
        A client that asks the server to forget each message is promised that.
        """
        self.assertEqual(self.agreed(_NAME + b"; server_no_context_takeover"), {b"server_no_context_takeover": 0})

    def test_clientTakeover(self) -> None:
        """
        A client may say that it forgets each message; the server need not ask for it.
        """
        found = self.agreed(_NAME + b"; client_no_context_takeover")
        self.assertIn(found, ({}, {b"client_no_context_takeover": 0}))

    def test_serverBits(self) -> None:
        """
        A client that wants a smaller window of the server is promised one that is no larger.
        """
        for bits in range(9, 16):
            for value in (b"%d", b'"%d"'):
                found = self.agreed(_NAME + b"; server_max_window_bits=" + value % bits)
                self.assertEqual(list(found), [b"server_max_window_bits"])
                self.assertTrue(9 <= found[b"server_max_window_bits"] <= bits)

    def test_clientBits(self) -> None:
        """
        The server limits a client's window only where the client says that it can be, and
        never to more than it said.
        """
        for offered, most in ((b"", 15), *((b"=%d" % bits, bits) for bits in range(9, 16))):
            found = self.agreed(_NAME + b"; client_max_window_bits" + offered)
            self.assertLessEqual(set(found), {b"client_max_window_bits"})
            self.assertTrue(9 <= found.get(b"client_max_window_bits", 9) <= most)

    def test_all(self) -> None:
        """
        All parameters at once, in any order, with blanks around them.
        """
        parameters = [b"server_no_context_takeover", b"client_no_context_takeover"]
        parameters += [b"server_max_window_bits=10", b"client_max_window_bits=11"]
        for turn in range(4):
            offer = b" ;\t".join([_NAME, *parameters[turn:], *parameters[:turn]])
            found = self.agreed(offer)
            self.assertIn(b"server_no_context_takeover", found)
            self.assertLessEqual(found[b"server_max_window_bits"], 10)
            self.assertLessEqual(found.get(b"client_max_window_bits", 11), 11)

    def test_invalid(self) -> None:
        """
        An offer with a parameter that is unknown, twice there, or of an impossible value is
        declined: the connection goes on without compression.
        """
        bad = [b"unknown", b"unknown=1", b"server_no_context_takeover=1", b"client_no_context_takeover=true"]
        bad += [b"server_max_window_bits", b"server_no_context_takeover; server_no_context_takeover"]
        for side in (b"server", b"client"):
            bits = side + b"_max_window_bits"
            bad.append(bits + b"=10; " + bits + b"=10")
            values = [b"0", b"1", b"7", b"16", b"15000", b"-9", b"+9", b"9.0", b"x", b"", b'""', b"1_0", b"\xb9"]
            bad += [bits + b"=" + value for value in (*values, b"010", b"09")]
        for wrong in bad:
            for offer in (_NAME + b"; " + wrong, _NAME + b"; client_no_context_takeover; " + wrong):
                self.declined(offer)

    def test_several(self) -> None:
        """
        Of several offers the first that can be taken is, be they in one line or in many;
        there is one answer.
        """
        ten, nine = _NAME + b"; server_max_window_bits=10", _NAME + b"; server_max_window_bits=9"
        for offers, bits in (
            ((ten + b", " + nine,), 10),
            ((nine + b"," + ten,), 9),
            ((ten, nine), 10),
            ((b"x; y=1", b"z", nine + b", " + ten), 9),
            ((_NAME + b"; unknown, " + nine,), 9),
            ((_NAME + b"; server_max_window_bits=16", ten + b", " + nine), 10),
            ((nine + b", permessage-bzip2, " + _NAME,), 9),
        ):
            self.assertEqual(self.agreed(*offers), {b"server_max_window_bits": bits}, offers)

    def test_many(self) -> None:
        """
        As many offers as fit into a header cost next to nothing.
        """
        cpu = self.cpu()
        for offer in (b"x, ", b"x;a=1;b, ", _NAME + b"; unknown, ", b";", b",", b'x; y="', b"="):
            for _ in range(5):
                self.declined(offer * (7500 // len(offer)))
        self.assertLess(self.cpu() - cpu, 35 * 0.05)


class AgreementTests(DeflateTestCase):
    """
    Each side keeps to what was agreed.
    """

    def talk(self, peer: Peer, deflate: Deflater, inflate: Inflater, *messages: bytes) -> list[int]:
        """
        Check that messages come back as they were sent.

        @return: how many bytes each of the answers had.
        """
        sizes = []
        for message in messages:
            peer.send(frame(BINARY, deflate(message), rsv=RSV1))
            found = peer.frame()
            self.assertEqual((found.opcode, found.fin), (BINARY, True))
            if found.rsv:
                self.assertEqual(found.rsv, RSV1)
                self.assertTrue(inflate(found.payload) == message)
            else:
                self.assertTrue(found.payload == message)
            sizes.append(len(found.payload))
        return sizes

    def test_forgets(self) -> None:
        """
        A server that was asked to forget does: each of its messages can be inflated alone,
        and the same one is as long each time; else the second is a reference to the first.
        """
        message = " ".join(str(number * number) for number in range(200)).encode()
        for ask in (True, False):
            offer = _NAME + b"; server_no_context_takeover" * ask
            peer = self.compressing(offer=offer)
            sizes = self.talk(peer, Deflater(), Inflater(takeover=not ask), *[message] * 3)
            self.assertLess(sizes[0], len(message))
            if ask:
                self.assertEqual(sizes, sizes[:1] * 3)
            else:
                self.assertLess(sizes[1], sizes[0] / 2)

    def test_forgetful(self) -> None:
        """
        A client may forget each of its messages, whether it said so or not.
        """
        message = b"the same again " * 40
        for offer in (_NAME, _NAME + b"; client_no_context_takeover"):
            self.talk(self.compressing(offer=offer), Deflater(takeover=False), Inflater(), *[message] * 3)

    def test_serverWindows(self) -> None:
        """
        What the server sends can be inflated with the window that it promised, for every
        window, also where what repeats is further away.
        """
        for bits in range(9, 16):
            peer, (answer,) = self.offering(_NAME + b"; server_max_window_bits=%d" % bits)
            promised = int(answer.partition(b"server_max_window_bits=")[2].partition(b";")[0])
            messages = [repeating(1 << shift) for shift in range(7, 15)]
            self.talk(peer, Deflater(), Inflater(promised), *messages, *messages)

    def test_clientWindows(self) -> None:
        """
        What a client compresses with any window that it may use is inflated, across
        messages, and however far away what repeats is.
        """
        messages = [repeating(1 << shift) for shift in range(7, 15)]
        for offered in (None, *range(9, 16)):
            offer = _NAME if offered is None else _NAME + b"; client_max_window_bits=%d" % offered
            peer, (answer,) = self.offering(offer)
            bits = int(answer.partition(b"client_max_window_bits=")[2].partition(b";")[0] or offered or 15)
            self.talk(peer, Deflater(bits), Inflater(), *messages, *messages)

    def test_declined(self) -> None:
        """
        Where nothing was agreed, nothing is compressed.
        """
        peer, answers = self.offering(_NAME + b"; unknown")
        self.assertEqual(answers, [])
        found = peer.send(frame(TEXT, b"a" * 5000)).frame()
        self.assertEqual((found.payload, found.rsv), (b"a" * 5000, 0))
