"""
Tests of L{balws.admin.failures}.
"""

from __future__ import annotations

from twisted.logger import ILogObserver, Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.admin.failures import ADMIN_RESULTS, RESULTS, AdminRefusals, AuthFailures
from balws.auth import audit


class AuthFailuresTests(SynchronousTestCase):
    """
    Who was not let in is counted.
    """

    def setUp(self) -> None:
        self.publisher = LogPublisher()
        self.patch(audit, "_log", Logger(namespace="balws.audit", observer=self.publisher))
        self.failures = AuthFailures(self.publisher)

    def fail(self, result: str = "unauthenticated") -> None:
        audit.refused(result, "why", "ada", "192.0.2.2", "/echo")

    def test_counted(self) -> None:
        """
        Each attempt that failed counts once, by what came of it (RL18).
        """
        verifyObject(ILogObserver, self.failures)
        self.failures.watch()
        self.failures.watch()
        for result in RESULTS:
            self.fail(result)
        self.fail("forbidden")
        self.assertEqual(self.failures.counts, {**dict.fromkeys(RESULTS, 1), "forbidden": 2})

    def test_others(self) -> None:
        """
        Who was let in, who showed nothing yet, and what others log are no failures.
        """
        self.failures.watch()
        audit.accepted("file", "ada", "192.0.2.2", "/echo")
        audit.asked("192.0.2.2", "/echo")
        self.fail("something new")
        Logger(namespace="somebody", observer=self.publisher).warn("x", result="forbidden")
        Logger(namespace="balws.audit", observer=self.publisher).warn("x", result="throttled", isAdmin=True)
        self.assertEqual(self.failures.counts.total(), 0)

    def test_admin(self) -> None:
        """
        Of the admin endpoint its own attempts count alone, by what came of them.
        """
        refusals = AdminRefusals(self.publisher)
        verifyObject(ILogObserver, refusals)
        refusals.watch()
        self.fail()
        log = Logger(namespace="balws.audit", observer=self.publisher)
        for result in (*ADMIN_RESULTS, "throttled", "something new"):
            log.warn("x", result=result, isAdmin=True)
        refusals.end()
        log.warn("x", result="throttled", isAdmin=True)
        self.assertEqual(refusals.counts, {"unauthenticated": 1, "throttled": 2})

    def test_whileItWatches(self) -> None:
        """
        Before its beginning and after its end nothing counts; every result is known from the first.
        """
        self.fail()
        self.failures.watch()
        self.fail()
        self.failures.end()
        self.failures.end()
        self.fail()
        self.assertEqual(self.failures.counts["unauthenticated"], 1)
        self.assertEqual(tuple(self.failures.counts), RESULTS)

    def test_global(self) -> None:
        """
        What this process logs counts.
        """
        from twisted.logger import globalLogPublisher

        self.patch(audit, "_log", Logger(namespace="balws.audit"))
        failures = AuthFailures()
        failures.watch()
        self.addCleanup(failures.end)
        self.fail()
        self.assertEqual(failures.counts.total(), 1)
        failures.end()
        self.assertNotIn(failures, globalLogPublisher._observers)
