"""
Tests of L{balws.hub.redis.refusal}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.redis.refusal import RedisRefusal


class RefusalTests(SynchronousTestCase):
    """
    What Redis says no with.
    """

    def test_code(self) -> None:
        """
        The first word is kept, of an older Redis' scripts the one of the command that failed;
        nothing else is, for it may repeat a secret.
        """
        for text, code in (
            ("WRONGPASS invalid username-password pair", "WRONGPASS"),
            ("ERR unknown command 'hunter2'", "ERR"),
            ("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't hunter2", "READONLY"),
            ("ERR Error running script (call to f_1): @user_script:1: hunter2", "ERR"),
            ("hunter2 is wrong", "ERR"),
            ("", "ERR"),
        ):
            refusal = RedisRefusal(text)
            self.assertEqual(refusal.code, code)
            self.assertNotIn("hunter2", str(refusal) + repr(refusal))

    def test_mend(self) -> None:
        """
        Who lacks a permission is told which.
        """
        self.assertIn("ACL", str(RedisRefusal("NOPERM this user has no permissions")))
        self.assertEqual(str(RedisRefusal("OOM command not allowed")), "Redis refuses a command: OOM")
