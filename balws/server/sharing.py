# -*- test-case-name: tests.server.test_sharing -*-
"""
What all listeners of a process share that are not given their own.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from balws.server.admission import Admission

_admissions: WeakKeyDictionary[Any, Admission] = WeakKeyDictionary()


def sharedAdmission(reactor: Any) -> Admission:
    """
    @return: that of all listeners which take their time from this reactor.
    """
    admission = _admissions.get(reactor)
    if admission is None:
        admission = _admissions[reactor] = Admission(reactor)
    return admission
