# -*- test-case-name: tests.server.test_sharing -*-
"""
What all listeners of a process share that are not given their own.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

from balws.server.admission import Admission

#: By the number of the reactor, which an admission keeps alive as long as it lives itself.
_admissions: WeakValueDictionary[int, Admission] = WeakValueDictionary()


def sharedAdmission(reactor: Any) -> Admission:
    """
    @return: that of all listeners which take their time from this reactor, for as long as there
        are any.
    """
    admission = _admissions.get(id(reactor))
    if admission is None:
        admission = _admissions[id(reactor)] = Admission(reactor)
    return admission
