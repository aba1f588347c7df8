# -*- test-case-name: tests.wire.test_sharedwheel -*-
"""
One wheel of timers for all clients of a reactor.
"""

from __future__ import annotations

from typing import Any, ClassVar
from weakref import WeakValueDictionary

from balws.wire.wheel import TimerWheel


class SharedWheel(TimerWheel):
    """
    Ten thousand clients have one delayed call; when the last of them has ended there is
    none, so that nothing is left behind in a reactor that goes on, such as a test's.
    """

    _wheels: ClassVar[WeakValueDictionary[Any, SharedWheel]] = WeakValueDictionary()
    _users = 0

    @classmethod
    def of(cls, clock: Any) -> SharedWheel:
        """
        @return: the wheel of this clock.
        """
        wheel = cls._wheels.get(clock)
        if wheel is None:
            wheel = cls._wheels[clock] = cls(clock)
        return wheel

    def join(self) -> None:
        """
        One user more.
        """
        self._users += 1

    def leave(self) -> None:
        """
        One user less; with the last all timers are forgotten.
        """
        self._users -= 1
        if not self._users:
            self.stop()
