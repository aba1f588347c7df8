"""
Tests of L{balws.hub.redis.address}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import ConfigurationError
from balws.hub.redis.address import RedisAddress


class AddressTests(SynchronousTestCase):
    """
    What C{url} may be.
    """

    def test_read(self) -> None:
        """
        Every form is understood, with the ports and the database that go without saying.
        """
        for url, expected, name in (
            ("redis://h", RedisAddress(False, (("h", 6379),)), "h:6379"),
            ("redis://h/", RedisAddress(False, (("h", 6379),)), "h:6379"),
            ("rediss://h.example:1/15", RedisAddress(True, (("h.example", 1),), database=15), "h.example:1"),
            ("redis://[::1]:65535/0", RedisAddress(False, (("::1", 65535),)), "[::1]:65535"),
            ("redis://[::1]", RedisAddress(False, (("::1", 6379),)), "[::1]:6379"),
            ("unix:///run/a%20b.sock?db=2", RedisAddress(False, (), "/run/a b.sock", database=2), "/run/a b.sock"),
            ("unix:///r", RedisAddress(False, (), "/r"), "/r"),
            (
                "redis+sentinel://a,[::1]:1,c:2/my-master/3",
                RedisAddress(False, (("a", 26379), ("::1", 1), ("c", 2)), "", "my-master", 3),
                "my-master of a:26379,[::1]:1,c:2",
            ),
            ("rediss+sentinel://a/m", RedisAddress(True, (("a", 26379),), "", "m"), "m of a:26379"),
        ):
            found = RedisAddress.parse(url)
            self.assertEqual(found, expected)
            self.assertEqual(found.name, name)

    def test_wrong(self) -> None:
        """
        Anything else is an error of the operator's, at C{url}; it does not repeat a password.
        """
        for url in (
            "redis://",
            "redis:///1",
            "redis://h:0",
            "redis://h:65536",
            "redis://h:x",
            "redis://h:",
            "redis://h:-1",
            "redis://a:b:1",
            "redis://::1",
            "redis://[::g]",
            "redis://[h]",
            "redis://h/x",
            "redis://h/-1",
            "redis://h/0/1",
            "redis://h?db=1",
            "redis://h#1",
            "redis://h h",
            "redis://h\u00e9",
            "redis://me:hunter2@h",
            "redis://a,b",
            "unix://h/path",
            "unix:///",
            "unix:///a%00b",
            "unix:///a?db=x",
            "unix:///a?db=1&db=2",
            "unix:///a?base=1",
            "unix:///a?db",
            "redis+sentinel://a",
            "redis+sentinel://a/",
            "redis+sentinel://a/ma%20ster",
            "redis+sentinel://a,/m",
            "redis+sentinel:///m",
            "redis+sentinel://a/m/1/2",
            "http://h",
        ):
            error = self.assertRaises(ConfigurationError, RedisAddress.parse, url)
            self.assertEqual(error.path, "url", url)
            self.assertNotIn("hunter2", str(error))
