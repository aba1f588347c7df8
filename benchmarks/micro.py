# -*- test-case-name: tests.benchmarks.test_micro -*-
"""
What balws costs itself, without the system's calls, compared to stock Autobahn: a ratio that is the
same on a busy machine.

Both do the same in turns of a few milliseconds; the fastest of many turns counts, in CPU time.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import attrs
import frames
from inmemory import Autobahn, Balws, Side, Transport

RECORDED = Path(__file__).with_name("micro.json")

#: How frames are taken and made, each in a process of its own: see balws.wire.speed.
WAYS = ("c", "python")

#: A ratio may be smaller than the recorded one by this share of it.
MARGIN = 0.25

#: So often is a case measured that seems to have become slower.
ATTEMPTS = 3

#: Seconds of one turn of one side.
TURN = 0.004

#: How often all is measured before it is recorded: the middle one is.
RECORDINGS = 3

#: Members of a broadcast.  Of more, not all fit into a core's cache while others use it, too.
MEMBERS = 200

#: Twisted reads so many bytes at a time.
_READ = 65536

#: What one side does in a turn, so often; it says how many seconds that took.
Turn = Callable[[int], float]

#: By case, the microseconds of a message, of stock Autobahn and of balws.
Figures = dict[str, tuple[float, float]]


@attrs.frozen
class Case:
    """
    One thing to compare.

    @ivar begin: prepares a side.
    @ivar goal: the ratio that is wanted; L{None} where none was named.
    @ivar messages: how many messages it is to do it once.
    @ivar service: what the sides serve.
    """

    begin: Callable[[Side], Turn]
    goal: float | None = None
    messages: int = 1
    service: str = "echo"


def _letters(size: int) -> str:
    return ("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size]


def echo(content: str | bytes, together: int = 1, *, deflate: bool = False) -> Callable[[Side], Turn]:
    """
    @param together: so many messages are read at a time.
    @param deflate: whether they are compressed, both ways.
    """

    def begin(side: Side) -> Turn:
        sent = frames.deflated(content) if deflate else frames.message(content)
        data = sent * together
        reads = [data[start : start + _READ] for start in range(0, len(data), _READ)]
        transport = side.connect(frames.request("/", deflate=deflate))
        answer = b"" if deflate else _answer(content) * together

        def turn(count: int) -> float:
            receive = transport.protocol.dataReceived
            before = transport.count
            began = process_time()
            for _ in range(count):
                for read in reads:
                    receive(read)
            spent = process_time() - began
            written = transport.count - before
            # How long a compressed answer is depends on those before it.
            isRight = count * together < written < count * len(data) if deflate else written == count * len(answer)
            if not isRight or not answer.endswith(b"" if deflate else transport.last):
                raise RuntimeError(f"{side.name} answers {written} bytes, at last {transport.last[:80]!r}")
            return spent

        return turn

    return begin


def _answer(content: str | bytes) -> bytes:
    """
    @return: the frame of an echo, not masked.
    """
    sent = frames.message(content)
    payload = content.encode() if isinstance(content, str) else content
    header = bytearray(sent[: len(sent) - len(payload) - 4])
    header[1] &= 0x7F
    return bytes(header) + payload


def handshake(side: Side) -> Turn:
    """
    From the request, with all that a browser sends, to the answer 101.
    """
    request = frames.request("/")[:-2] + (
        b"Origin: http://127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n"
        b"Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
        b"Pragma: no-cache\r\nCache-Control: no-cache\r\n\r\n"
    )

    def turn(count: int) -> float:
        began = process_time()
        made = [side.upgrade(request) for _ in range(count)]
        spent = process_time() - began
        for transport in made:
            if frames.ACCEPT not in transport.last:
                raise RuntimeError(f"{side.name} answers an upgrade with {transport.last!r}")
            transport.end()
        side.clock.advance(1)
        return spent

    return turn


def broadcast(side: Side) -> Turn:
    """
    One of many members has a message sent to all.
    """
    members = [side.connect(frames.request("/")) for _ in range(MEMBERS)]
    text = _letters(64)
    sent, answer = frames.message(text), _answer(text)

    def turn(count: int) -> float:
        receive = members[0].protocol.dataReceived
        before = _written(members)
        began = process_time()
        for _ in range(count):
            receive(sent)
        spent = process_time() - began
        if _written(members) - before != count * MEMBERS * len(answer):
            raise RuntimeError(f"{side.name} has not reached all members")
        return spent

    return turn


def _written(members: list[Transport]) -> int:
    return sum(each.count for each in members)


def _prices() -> str:
    """
    @return: 1 KiB of JSON.
    """
    items = [{"id": 7919 * number % 10007, "item": f"part {number}", "price": number * 1.25} for number in range(18)]
    text = json.dumps({"event": "prices", "items": items, "note": ""})
    return text[:-2] + "x" * (1024 - len(text)) + '"}'


CASES: dict[str, Case] = {
    "echo of 64 B": Case(echo(_letters(64)), 10),
    "echo of 64 B, binary": Case(echo(_letters(64).encode())),
    "echo of 64 B, 16 a read": Case(echo(_letters(64), 16), 15, 16),
    "echo of 1 KiB": Case(echo(_letters(1024))),
    "echo of 64 KiB": Case(echo(_letters(65536))),
    "echo of 1 KiB, deflated": Case(echo(_prices(), deflate=True)),
    "handshake": Case(handshake, 4),
    "broadcast, to sendMessage": Case(broadcast, 5, MEMBERS, "broadcast"),
    "broadcast, to a prepared one": Case(broadcast, 4, MEMBERS, "prepared"),
}


def figures(case: Case, turns: int) -> tuple[float, float]:
    """
    @return: the microseconds of a message, of stock Autobahn and of balws.
    @raise RuntimeError: when one of them does not do what it should.
    """
    sides = [case.begin(kind(case.service)) for kind in (Autobahn, Balws)]
    for turn in sides:
        turn(1)
    counts = [max(1, int(TURN / turn(1))) for turn in sides]
    best = [float("inf")] * len(sides)
    gc.collect()
    gc.disable()
    try:
        for _ in range(turns):
            for index, turn in enumerate(sides):
                best[index] = min(best[index], turn(counts[index]) / counts[index])
            gc.collect(0)
    finally:
        gc.enable()
    return best[0] / case.messages * 1e6, best[1] / case.messages * 1e6


def measured(way: str, turns: int, cases: Sequence[str]) -> Figures:
    """
    Measure in a new process.

    @param way: one of L{WAYS}.
    @return: by case, as L{figures}.
    @raise RuntimeError: when it fails, as where the extension was not built.
    """
    done = subprocess.run(
        [sys.executable, __file__, "--raw", f"--turns={turns}", *(f"--case={case}" for case in cases)],
        env={**os.environ, "BALWS_FRAMES": way},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{way}: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return {case: tuple(found) for case, found in json.loads(done.stdout).items()}


def typical(way: str, turns: int, cases: Sequence[str]) -> Figures:
    """
    As L{measured}: of several, by case, the one with the middle ratio.
    """
    several = [measured(way, turns, cases) for _ in range(RECORDINGS)]
    return {case: sorted((each[case] for each in several), key=_ratio)[RECORDINGS // 2] for case in cases}


def hopeful(way: str, turns: int, cases: Sequence[str], recorded: Mapping[str, float], margin: float) -> Figures:
    """
    As L{measured}: what seems to have become slower is measured again, for an unlucky moment passes,
    and the best counts.
    """
    found = measured(way, turns, cases)
    for _ in range(ATTEMPTS - 1):
        if again := [case for case in slower(found, recorded, margin) if case in recorded]:
            once = measured(way, turns, again)
            found.update({case: max(found[case], once[case], key=_ratio) for case in again})
    return found


def slower(found: Figures, recorded: Mapping[str, float], margin: float) -> list[str]:
    """
    @return: the cases whose ratio is smaller than the recorded one by more than C{margin}, or that
        were never recorded.
    """
    return [case for case, pair in found.items() if _ratio(pair) < recorded.get(case, float("inf")) * (1 - margin)]


def _ratio(pair: tuple[float, float]) -> float:
    return pair[0] / pair[1]


def _show(way: str, found: Figures, recorded: Mapping[str, float]) -> None:
    for case, (stock, ours) in found.items():
        goal, ratio = CASES[case].goal, stock / ours
        told = f"  recorded {recorded[case]:6.2f}" if case in recorded else ""
        wanted = f"  goal {goal:g}{'' if ratio >= goal else ', missed'}" if goal is not None else ""
        print(f"{case:30} {way:7} {stock:8.2f} {ours:8.2f} {ratio:7.2f}{told}{wanted}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    @param arguments: of the command line; L{None} is the process's.
    @return: the exit status: 1 where something has become slower.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    purpose = parser.add_mutually_exclusive_group()
    purpose.add_argument("--check", action="store_true", help="fail where a ratio is behind the recorded one")
    purpose.add_argument("--record", action="store_true", help="make the ratios the recorded ones")
    parser.add_argument("--way", action="append", choices=WAYS, help="only this way to take frames")
    parser.add_argument("--case", action="append", choices=CASES, help="only this case")
    parser.add_argument("--turns", type=int, default=40, help="of each side")
    parser.add_argument("--file", type=Path, default=RECORDED, help="where the ratios are recorded")
    parser.add_argument("--raw", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    what = (options.turns, options.case or list(CASES))
    if options.raw:
        turns, cases = what
        print(json.dumps({case: figures(CASES[case], turns) for case in cases}))
        return 0
    record: dict[str, Any] = {"margin": MARGIN, "ratios": {}}
    if options.file.exists():
        record = json.loads(options.file.read_text("utf-8"))
    behind = []
    print(f"{'CPU us a message':30} {'way':7} {'Autobahn':>8} {'balws':>8} {'ratio':>7}")
    for way in options.way or WAYS:
        before = record["ratios"].setdefault(way, {})
        if options.record:
            found = typical(way, *what)
        elif options.check:
            found = hopeful(way, *what, before, record["margin"])
            behind += [f"{case} ({way})" for case in slower(found, before, record["margin"])]
        else:
            found = measured(way, *what)
        _show(way, found, before)
        if options.record:
            before.update({case: round(_ratio(pair), 2) for case, pair in found.items()})
    if options.record:
        options.file.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    if behind:
        print(f"not recorded, or more than {record['margin']:.0%} behind: {', '.join(behind)}", file=sys.stderr)
    return 1 if behind else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(str(error))
