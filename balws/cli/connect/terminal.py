# -*- test-case-name: tests.cli.test_connect_terminal -*-
"""
The terminal: keys come in, the prompt stands in the last row, and what there is to tell is
written above it.

The reactor reads the terminal itself.  Twisted's own C{conch.recvline} knows single bytes
only, and the readline of C would want a thread, and for whatever is written above its prompt
what Python does not hand out.
"""

from __future__ import annotations

import os
import select
import signal
import termios
from typing import Any, Protocol

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.cli.connect.keys import Keys, Pasted
from balws.cli.connect.prompt import LEAD, Act, Prompt
from balws.cli.tables import widthOf
from balws.logs.escape import escaped

__all__ = ["Terminal"]

_ERASE = "\r\x1b[K"
_CLEAR = "\x1b[H\x1b[2J"
_PASTE_ON, _PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"

#: Columns where the terminal does not say.
_COLUMNS = 80

#: Seconds that the bytes behind an ESC have to come, while ESC alone means something.
ESCAPING = 0.2

#: Bytes of one read, and of a line that was entered as it stays on the screen.
_READ = 4096
_LONGEST = 4096


class Talk(Protocol):
    """
    Whom the lines go to.
    """

    def entered(self, line: str) -> None:
        """
        A line was entered.
        """

    def left(self) -> None:
        """
        The user wants to leave, or the terminal is gone.
        """


@implementer(IReadDescriptor)
class Terminal:
    """
    In its own mode from L{start} to L{stop}, which is called in every way to end; while it is
    suspended it has the mode that it was found in.
    """

    def __init__(self, reactor: Any, prompt: Prompt, keyboard: int, screen: int) -> None:
        """
        @param keyboard: the descriptor to read from.
        @param screen: the descriptor to write to.
        """
        self._reactor = reactor
        self._prompt = prompt
        self._keyboard = keyboard
        self._screen = screen
        self._keys = Keys()
        self._talk: Talk | None = None
        self._found: list[Any] | None = None
        self._resized: Any = None
        self._escaping: Any = None

    def start(self, talk: Talk) -> None:
        """
        Take the terminal over, and show the prompt.

        @param talk: gets the lines.
        """
        self._talk = talk
        self._found = termios.tcgetattr(self._keyboard)
        # A signal comes between two steps of Python, and wakes the reactor up.
        self._resized = signal.signal(signal.SIGWINCH, lambda *_: self._reactor.callFromThread(self._draw))
        # A terminal that is closed: what is the same shell's next shall not find it in this state.
        self._hungUp = signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        self._begin()
        self._reactor.addReader(self)

    def stop(self) -> None:
        """
        Give it back as it was found.  Twice is as good as once.
        """
        if self._found is None:
            return
        self._reactor.removeReader(self)
        self._forget()
        self._end()
        self._found = None
        signal.signal(signal.SIGWINCH, self._resized)
        signal.signal(signal.SIGHUP, self._hungUp)

    def _begin(self) -> None:
        mode = termios.tcgetattr(self._keyboard)
        mode[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.ISTRIP)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._keyboard, termios.TCSADRAIN, mode)
        self._write(_PASTE_ON)
        self._draw()

    def _end(self) -> None:
        try:
            self._write(_ERASE + _PASTE_OFF)
            termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._found or [])
        except (OSError, termios.error):
            pass  # the terminal is gone

    # Writing

    def tell(self, *lines: str) -> None:
        """
        Write lines above the prompt; what is being typed stays as it is.

        @param lines: without their ends, of what a terminal may show.
        """
        text = "".join(f"{each}\n" for each in lines)
        if self._found is None:
            self._write(text)
        else:
            self._write(_ERASE + text + self._drawn())

    def _draw(self) -> None:
        if self._found is not None:
            self._write(_ERASE + self._drawn())

    def _drawn(self) -> str:
        try:
            columns = os.get_terminal_size(self._screen).columns or _COLUMNS
        except OSError:
            columns = _COLUMNS
        lead = self._prompt.lead(columns)
        shown, column = self._prompt.line.window(max(columns - widthOf(lead), 4))
        behind = widthOf(shown) - column
        return lead + shown + (f"\x1b[{behind}D" if behind else "")

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            try:
                data = data[os.write(self._screen, data) :]
            except BlockingIOError:  # another program has left it so
                select.select([], [self._screen], [])

    # Reading

    def fileno(self) -> int:
        """
        See L{IReadDescriptor}.
        """
        return self._keyboard

    def logPrefix(self) -> str:
        """
        See L{IReadDescriptor}.
        """
        return "terminal"

    def doRead(self) -> None:
        """
        See L{IReadDescriptor}.
        """
        try:
            data = os.read(self._keyboard, _READ)
        except OSError:  # as Linux says that the other side is closed
            data = b""
        if not data:
            self.stop()
            self._left()
            return
        self._forget()
        for key in self._keys.feed(data):
            if self._found is None:  # it was left
                return
            self._press(key)
        if self._keys.isUndecided and self._prompt.isSearching:
            self._escaping = self._reactor.callLater(ESCAPING, self._escaped)
        self._draw()

    def _escaped(self) -> None:
        self._escaping = None
        self._press(self._keys.decide())
        self._draw()

    def _forget(self) -> None:
        escaping, self._escaping = self._escaping, None
        if escaping is not None:
            escaping.cancel()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        See L{IReadDescriptor}.  The reactor stops.
        """
        self.stop()

    def _left(self) -> None:
        assert self._talk is not None  # it has started
        self._talk.left()

    def _press(self, key: str | Pasted) -> None:
        pressed = self._prompt.press(key)
        assert self._talk is not None  # it has started
        if pressed.act is Act.ENTER:
            self._entered(pressed.text)
            self._talk.entered(pressed.text)
        elif pressed.act is Act.CANCEL:
            self._entered(pressed.text + "^C")
        elif pressed.act is Act.ASK:
            self.tell("Ctrl-C once more leaves, and so does Ctrl-D.")
        elif pressed.act is Act.LEAVE:
            self._left()
        elif pressed.act is Act.LIST:
            self.tell(pressed.text)
        elif pressed.act is Act.CLEAR:
            self._write(_CLEAR)
        elif pressed.act is Act.SUSPEND:
            self._suspend()

    def _entered(self, text: str) -> None:
        if text:
            self._write(f"{_ERASE}{LEAD}{escaped(text, _LONGEST)}\n")

    def _suspend(self) -> None:
        self._end()
        os.kill(0, signal.SIGTSTP)  # the whole job, as the terminal itself would
        # Here the shell has it, until somebody says fg.
        self._begin()
