"""
Tests of L{balws.hub.redis.reader}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.redis import reader as module
from balws.hub.redis.envelope import Envelope, Kind
from balws.hub.redis.reader import Reader
from balws.hub.redis.streams import FETCH
from tests.hub.redis.stationed import OTHER, Placed

OLD, NEW = "a" * 16, "b" * 16
TEXT = bytes([Kind.STORED_TEXT])


def page(head: int, numbers: range, epoch: str = OLD) -> list[Any]:
    """
    @return: what Redis says to L{FETCH}.
    """
    found: list[Any] = [head, epoch.encode()]
    for number in numbers:
        found += [number, 1000 + number, TEXT, b"%d" % number]
    return found


class ReaderTests(Placed, SynchronousTestCase):
    """
    One group of one node.
    """

    def setUp(self) -> None:
        """
        A reader that begins behind the fifth message.
        """
        self.reader = Reader("s", self.place())
        self.reader.begin(5, OLD)

    def live(self, number: int, epoch: str = OLD) -> None:
        """
        A message comes.
        """
        content = epoch.encode() + (1000 + number).to_bytes(8, "big") + b"%d" % number
        self.reader.received(Envelope(Kind.STORED_TEXT, OTHER, number, content))

    def given(self) -> list[Any]:
        """
        @return: what the hub got since this was called last: numbers, and losses.
        """
        found: list[Any] = []
        for told in self.node.take():
            if told[0] == "lost":
                found.append(("lost", told[2]))
            else:
                self.assertEqual(told[2].rpartition(".")[2], told[1].decode())
                found.append(int(told[1]))
        return found

    def test_live(self) -> None:
        """
        What comes in order is given; what came before is not given again.
        """
        for number in (6, 7, 7, 5, 8):
            self.live(number)
        self.assertEqual((self.given(), self.link.asked), ([6, 7, 8], []))

    def test_gap(self) -> None:
        """
        Behind a gap what is missing is fetched; what came meanwhile follows.
        """
        self.live(6)
        self.live(9)
        self.live(10)
        self.assertEqual(self.given(), [6])
        args = self.link.answer(FETCH, page(9, range(7, 10)))
        self.assertEqual((args[2], args[5:7]), (6, (OLD, 1006)))
        self.assertEqual((self.given(), self.link.asked), ([7, 8, 9, 10], []))
        self.live(11)
        self.assertEqual(self.given(), [11])

    def test_pages(self) -> None:
        """
        It fetches until nothing is missing.
        """
        self.reader.catchUp()
        self.reader.catchUp()
        self.link.answer(FETCH, page(9, range(6, 8)))
        self.live(12)
        self.link.answer(FETCH, page(12, range(8, 11)))
        self.link.answer(FETCH, page(12, range(11, 12)))
        self.assertEqual((self.given(), len(self.link.asked)), (list(range(6, 12)), 1))
        self.link.answer(FETCH, page(12, range(12, 13)))
        self.assertEqual((self.given(), self.link.asked), ([12], []))

    def test_trimmed(self) -> None:
        """
        What history no longer has is counted, exactly; the reader goes on behind it.
        """
        self.reader.catchUp()
        self.link.answer(FETCH, page(11, range(9, 12)))
        self.assertEqual(self.given(), [("lost", 3), 9, 10, 11])
        self.reader.catchUp()
        self.link.answer(FETCH, page(15, range(0)))
        self.assertEqual((self.given(), self.reader.last), ([("lost", 4)], 15))
        self.live(16)
        self.assertEqual(self.given(), [16])

    def test_newLife(self) -> None:
        """
        When the group began anew, nobody knows how many were lost; what is there is given.
        """
        self.live(1, NEW)
        self.link.answer(FETCH, page(2, range(1, 3), NEW))
        self.assertEqual(self.given(), [("lost", None)])
        args = self.link.answer(FETCH, page(2, range(2, 3), NEW))
        self.assertEqual((args[2], args[5:7]), (0, (NEW, 0)))
        self.assertEqual((self.given(), self.link.asked), ([2], []))
        self.live(3, NEW)
        self.assertEqual(self.given(), [3])

    def test_oldLife(self) -> None:
        """
        Messages of a life that is over do no harm.
        """
        self.reader.catchUp()
        self.live(6, NEW)
        self.link.answer(FETCH, page(5, range(0)))
        self.link.answer(FETCH, page(5, range(0)))
        self.live(6)
        self.assertEqual((self.given(), self.link.asked), ([6], []))
        self.reader.catchUp()
        self.live(7, NEW)
        self.live(8)
        self.link.answer(FETCH, page(7, range(7, 8)))
        self.assertEqual(self.given(), [7, 8])

    def test_gone(self) -> None:
        """
        When Redis knows nothing of the group any more, that is a loss of nobody knows how many;
        it may be made again.
        """
        self.reader.catchUp()
        self.link.answer(FETCH, [])
        self.assertEqual((self.given(), self.link.asked), ([("lost", None)], []))
        self.reader.catchUp()
        self.live(1, NEW)
        self.link.answer(FETCH, [])
        self.link.answer(FETCH, page(1, range(0), NEW))
        self.link.answer(FETCH, page(1, range(1, 2), NEW))
        self.assertEqual(self.given(), [1])

    def test_beginning(self) -> None:
        """
        Nothing is given before it is known where the group is; then what came behind that.
        """
        self.reader = Reader("s", self.station)
        for number in (4, 5, 6, 7):
            self.live(number)
        self.assertEqual((self.given(), self.link.asked), ([], []))
        self.reader.begin(5, OLD)
        self.assertEqual(self.given(), [6, 7])

    def test_beginningAgain(self) -> None:
        """
        That it begins again, such as by a restoration beside an entering, skips nothing.
        """
        self.reader.begin(7, OLD)
        for number in (6, 7, 8):
            self.live(number)
        self.assertEqual(self.given(), [6, 7, 8])

    def test_beginningGap(self) -> None:
        """
        A gap at the beginning is filled as any other.
        """
        self.reader = Reader("s", self.station)
        self.live(7)
        self.reader.begin(5, OLD)
        self.link.answer(FETCH, page(7, range(6, 8)))
        self.assertEqual((self.given(), self.link.asked), ([6, 7], []))

    def test_failed(self) -> None:
        """
        A fetch that fails is made again later; nothing is given twice or lost.
        """
        self.live(8)
        self.away()
        self.assertTrue(self.reader.isBehind)
        self.back()
        self.reader.catchUp()
        self.link.answer(FETCH, page(8, range(6, 9)))
        self.assertFalse(self.reader.isBehind)
        self.assertEqual(self.given(), [6, 7, 8])

    def test_bounded(self) -> None:
        """
        What waits during a fetch is bounded; the rest is fetched.
        """
        self.patch(module, "PAGE", 3)
        self.reader.catchUp()
        for number in range(6, 14):
            self.live(number)
        self.link.answer(FETCH, page(8, range(6, 9)))
        self.assertEqual(self.given(), [6, 7, 8])
        self.link.answer(FETCH, page(13, range(9, 12)))
        self.link.answer(FETCH, page(13, range(12, 14)))
        self.assertEqual((self.given(), self.link.asked), ([9, 10, 11, 12, 13], []))

    def test_closed(self) -> None:
        """
        When the hub leaves the group, also in the midst of a page, nothing more is given.
        """
        self.reader.catchUp()
        self.patch(self.node, "groupReceived", lambda *args: self.reader.close())
        self.link.answer(FETCH, page(9, range(6, 8)))
        self.assertEqual((self.reader.last, self.link.asked), (6, []))
        self.reader.catchUp()
        self.assertEqual(self.link.asked, [])

    def test_dissolved(self) -> None:
        """
        What was not given of a group that is removed is lost, and counted.
        """
        self.reader.dissolved(5, OLD)
        self.assertEqual(self.given(), [])
        self.reader.dissolved(7, OLD)
        self.assertEqual(self.given(), [("lost", 2)])

    def test_dissolvedBehind(self) -> None:
        """
        So is what was still to be fetched, as far as anybody can know.
        """
        self.reader.catchUp()
        self.reader.dissolved(7, OLD)
        self.reader.dissolved(7, NEW)
        self.reader.dissolved(0, "")
        self.assertEqual(self.given(), [("lost", 2), ("lost", None)])

    def test_raises(self) -> None:
        """
        A hub that fails is logged; the rest of the group is fetched again.
        """
        self.reader.catchUp()
        self.patch(self.node, "groupReceived", lambda *args: 1 / 0)
        self.link.answer(FETCH, page(7, range(6, 8)))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        del self.node.groupReceived
        self.assertTrue(self.reader.isBehind)
        self.reader.catchUp()
        self.assertEqual(self.link.answer(FETCH, page(7, range(7, 8)))[2], 6)
        self.assertEqual(self.given(), [7])

    def test_strangeEntry(self) -> None:
        """
        An entry of history that no node has made is skipped.
        """
        self.reader.catchUp()
        strange = [[6, 1, b"", b"x"], [7, 1, b"\xff", b"x"], [8, 1, bytes([Kind.JOIN]), b"x"], [9, 1, TEXT, b"9"]]
        self.link.answer(FETCH, [9, OLD.encode(), *(part for entry in strange for part in entry)])
        self.assertEqual((self.given(), self.station.strange, self.link.asked), ([9], 3, []))

    def test_strange(self) -> None:
        """
        What no node has sent is dropped.
        """
        self.reader.received(Envelope(Kind.STORED_TEXT, OTHER, 6, b"short"))
        self.assertEqual((self.given(), self.station.strange), ([], 1))
        bad = OLD.encode() + bytes(8) + b"\xff"
        self.reader.received(Envelope(Kind.STORED_TEXT, OTHER, 6, bad))
        self.assertEqual((self.given(), self.station.strange, self.reader.last), ([], 2, 6))
