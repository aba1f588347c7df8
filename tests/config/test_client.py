"""
Tests of L{balws.config.client}.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws import PingPongService, Service
from balws.config import (
    ClientConfiguration,
    ClientSecureSocket,
    Cookie,
    CredentialsConfig,
    Secret,
    WebSocketRetryConfig,
    build,
    override,
)
from balws.config.records import fieldConverters
from balws.errors import ConfigurationError

LARGEST = 2**31 - 1

CANARY = "canary-5f1"


class RefusingTestCase(SynchronousTestCase):
    """
    @cvar record: the record whose refusals are tested.
    """

    record: type[attrs.AttrsInstance]

    def refusal(self, **fields: object) -> str:
        """
        @return: the text of the error for these fields.
        """
        return str(self.assertRaises(ConfigurationError, self.record, **fields))


class RecordTests(SynchronousTestCase):
    """
    What all three records have in common.
    """

    def test_fieldsNameThemselves(self) -> None:
        """
        The error of each field carries that field's own name.
        """
        for record in (Cookie, WebSocketRetryConfig, ClientConfiguration):
            for name, converter in fieldConverters(record).items():
                error = self.assertRaises(ConfigurationError, converter, object())
                self.assertEqual(error.path, name)

    def test_frozen(self) -> None:
        """
        A record does not change once it is made.
        """
        for record in (Cookie(name="a", value="b"), WebSocketRetryConfig(), ClientConfiguration()):
            for field in attrs.fields(type(record)):
                with self.assertRaises(attrs.exceptions.FrozenInstanceError):
                    setattr(record, field.name, None)


class CookieTests(RefusingTestCase):
    """
    A cookie of the upgrade request.
    """

    record = Cookie

    def test_values(self) -> None:
        """
        A cookie belongs to the path "/" unless told; its value is of cookie octets, quoted or not, or empty.
        """
        self.assertEqual(
            attrs.asdict(Cookie(name="a", value="b")), {"name": "a", "value": "b", "path": "/"}
        )
        for value in ("", "abc", '"abc"', '""', "!#$%&'()*+-./09:<=>?@AZ[]^_`az{|}~"):
            self.assertEqual(Cookie(name="a", value=value).value, value)
        self.assertEqual(Cookie(name="a", value="b", path="/a b/").path, "/a b/")

    def test_refusals(self) -> None:
        """
        What would end the cookie, its header or the request is refused.
        """
        text = ("a b", "a,b", "a;b", "a\\b", 'a"b', '"a', 'a"', '"', "a\r\nb", "a\n", "a\x00", "\x7f", "é")
        for value in (*text, 5, None):
            self.assertEqual(
                self.refusal(name="a", value=value),
                "value: expected the value of a cookie "
                "(visible ASCII without comma, semicolon, backslash and inner quotes)",
            )
        for name in ("", "a b", "a=b", "a;", "a\n", "é", 5):
            self.assertTrue(self.refusal(name=name, value="b").startswith("name: expected "))
        for path in ("", "a", "/;x", "/\n", "/é", 5):
            self.assertTrue(self.refusal(name="a", value="b", path=path).startswith("path: expected "))

    def test_secret(self) -> None:
        """
        Neither repr nor error shows the value, which may be given as a secret.
        """
        cookie = Cookie(name="a", value=Secret(CANARY))
        self.assertEqual(cookie.value, CANARY)
        self.assertEqual(repr(cookie), "Cookie(name='a', value=<secret>, path='/')")
        self.assertNotIn(CANARY, self.refusal(name="a", value=f"{CANARY};"))


class WebSocketRetryConfigTests(RefusingTestCase):
    """
    How a lost connection is made anew.
    """

    record = WebSocketRetryConfig

    def test_defaults(self) -> None:
        """
        The defaults are the seeds': for ever, each second, at most every 30 seconds.
        """
        self.assertEqual(
            attrs.asdict(WebSocketRetryConfig()),
            {"maxCount": 0, "interval": 1, "backOffFactor": 1.0, "maxWaitInterval": 30},
        )

    def test_replacements(self) -> None:
        """
        What makes no sense means the default; what does is kept.
        """
        for name, value, kept in (
            ("interval", -1, 1),
            ("interval", -0.001, 1),
            ("interval", 0, 0),
            ("interval", 0.5, 0.5),
            ("interval", LARGEST, LARGEST),
            ("backOffFactor", -3, 1.0),
            ("backOffFactor", 0.999, 1.0),
            ("backOffFactor", 1, 1),
            ("backOffFactor", 1.5, 1.5),
            ("backOffFactor", LARGEST, LARGEST),
            ("maxWaitInterval", -1, 30),
            ("maxWaitInterval", 0, 0),
            ("maxWaitInterval", 0.25, 0.25),
            ("maxCount", -1, -1),
            ("maxCount", 20, 20),
            ("maxCount", LARGEST, LARGEST),
        ):
            self.assertEqual(getattr(WebSocketRetryConfig(**{name: value}), name), kept, (name, value))

    def test_refusals(self) -> None:
        """
        Numbers are finite and end at 2147483647; attempts are whole.
        """
        for name, noun in (
            ("interval", "a number of seconds"),
            ("maxWaitInterval", "a number of seconds"),
            ("backOffFactor", "a number"),
        ):
            for value, shown in ((float("nan"), "nan"), (float("inf"), "inf"), (True, "true"), ("1", '"1"')):
                self.assertEqual(self.refusal(**{name: value}), f"{name}: expected {noun}, got {shown}")
            self.assertEqual(
                self.refusal(**{name: LARGEST + 1}), f"{name}: expected {noun} up to 2147483647, got 2147483648"
            )
        self.assertEqual(self.refusal(maxCount=1.0), "maxCount: expected an integer, got 1.0")
        self.assertIn("maxCount: expected an integer from ", self.refusal(maxCount=LARGEST + 1))


class ClientConfigurationTests(RefusingTestCase):
    """
    The client's record.
    """

    record = ClientConfiguration

    def test_defaults(self) -> None:
        """
        The defaults that are the client's own are the seeds'.
        """
        expected = {
            "customHeaders": {},
            "readTimeout": -1,
            "secureSocket": None,
            "webSocketCompressionEnabled": True,
            "handShakeTimeout": 300,
            "cookies": (),
            "auth": None,
            "pingPongHandler": None,
            "writeTimeout": -1,
            "retryConfig": None,
            "targetUrls": (),
            "onReconnecting": None,
            "onReconnected": None,
        }
        made = ClientConfiguration()
        self.assertEqual({name: getattr(made, name) for name in expected}, expected)

    def test_threeWays(self) -> None:
        """
        Keyword arguments, records and mappings lead to equal records, and one overrides another.
        """
        byKeywords = ClientConfiguration(readTimeout=5, retryConfig={"maxCount": 20}, cookies={"a": "b"})
        byRecords = ClientConfiguration(
            readTimeout=5, retryConfig=WebSocketRetryConfig(maxCount=20), cookies=[Cookie(name="a", value="b")]
        )
        byMapping = build(
            ClientConfiguration,
            {"readTimeout": 5, "retryConfig": {"maxCount": 20}, "cookies": [{"name": "a", "value": "b"}]},
        )
        self.assertEqual(byKeywords, byRecords)
        self.assertEqual(byKeywords, byMapping)
        self.assertEqual(override(ClientConfiguration(cookies={"a": "b"}), {"cookies": ()}), ClientConfiguration())

    def test_timeouts(self) -> None:
        """
        Reads and writes have no limit unless one above 0 is given; the handshake always has one.
        """
        for name in ("readTimeout", "writeTimeout"):
            for value, kept in ((-5, -1), (-0.5, -1), (0, 0), (0.5, 0.5), (LARGEST, LARGEST)):
                self.assertEqual(getattr(ClientConfiguration(**{name: value}), name), kept)
        for value, kept in ((-1, 300), (0, 300), (0.5, 0.5), (LARGEST, LARGEST)):
            self.assertEqual(ClientConfiguration(handShakeTimeout=value).handShakeTimeout, kept)
        for name in ("readTimeout", "writeTimeout", "handShakeTimeout"):
            for value, shown in ((float("inf"), "inf"), (True, "true"), (None, "nothing")):
                self.assertEqual(
                    self.refusal(**{name: value}), f"{name}: expected a number of seconds, got {shown}"
                )
            self.assertEqual(
                self.refusal(**{name: LARGEST + 1}),
                f"{name}: expected a number of seconds up to 2147483647, got 2147483648",
            )

    def test_customHeaders(self) -> None:
        """
        Headers are kept as given, in their order and case, and do not change with the mapping they came from.
        """
        given = {"X-B": "1", "Host": "example.com", "x-a": "grüße ☃", "X-Empty": ""}
        headers = ClientConfiguration(customHeaders=given).customHeaders
        given["X-C"] = "2"
        self.assertEqual(
            list(headers.items()), [("X-B", "1"), ("Host", "example.com"), ("x-a", "grüße ☃"), ("X-Empty", "")]
        )
        with self.assertRaises(TypeError):
            headers["X-C"] = "2"  # type: ignore[index]

    def test_customHeadersReserved(self) -> None:
        """
        The headers with which the handshake and HTTP work are refused, in any case.
        """
        for name in (
            "Connection",
            "UPGRADE",
            "content-length",
            "Transfer-Encoding",
            "TE",
            "Trailer",
            "Expect",
            "Sec-WebSocket-Key",
            "sec-websocket-protocol",
            "Sec-WebSocket-Anything",
        ):
            self.assertEqual(
                self.refusal(customHeaders={name: "x"}),
                f"customHeaders.{name}: this header belongs to the handshake",
            )
        self.assertEqual(list(ClientConfiguration(customHeaders={"Sec-Web": "x"}).customHeaders), ["Sec-Web"])

    def test_customHeadersRefused(self) -> None:
        """
        A name is a token, none twice; a value has no control character and no blank at its ends.
        """
        self.assertEqual(
            self.refusal(customHeaders=[("a", "b")]), "customHeaders: expected a table of headers, got a list"
        )
        self.assertTrue(
            self.refusal(customHeaders={"a b": "c"}).startswith('customHeaders."a b": expected a token of HTTP')
        )
        self.assertTrue(self.refusal(customHeaders={5: "c"}).startswith("customHeaders.5: expected a string, got 5"))
        self.assertEqual(
            self.refusal(customHeaders={"X-A": "1", "x-a": "2"}),
            "customHeaders.x-a: is given twice, in other letters",
        )
        for value in ("a\r\nb: c", "a\n", "a\tb", "\x00", "\x7f", "\x85", "\ud800", " a", "a ", " ", 5, None, b"a"):
            self.assertEqual(
                self.refusal(customHeaders={"X-A": value}),
                "customHeaders.X-A: expected the value of a header, "
                "without control characters and without blanks in front or behind",
            )

    def test_cookies(self) -> None:
        """
        Cookies are records, mappings of their fields, or one mapping of names to values.
        """
        pair = (Cookie(name="name", value="x"), Cookie(name="value", value="y"))
        for given in (
            pair,
            [{"name": "name", "value": "x"}, pair[1]],
            {"name": "x", "value": "y"},
            {"name": Secret("x"), "value": "y"},
        ):
            self.assertEqual(ClientConfiguration(cookies=given).cookies, pair)

    def test_cookiesRefused(self) -> None:
        """
        The cookie at fault is named, and its value is not shown.
        """
        for given, problem in (
            ("a=b", "cookies: expected a list of cookies, got a string"),
            (["a=b"], "cookies[0]: expected a table or a Cookie, got a string"),
            ([{"name": "a"}], "cookies[0].value: is missing"),
            ([{"value": "a"}], "cookies[0].name: is missing"),
            ([{"name": "a", "value": "b", "pth": "/"}], 'cookies[0].pth: unknown key; did you mean "path"?'),
            ([{"name": "a", "value": "b"}] * 2, "cookies[1]: a table is given twice"),
        ):
            self.assertEqual(self.refusal(cookies=given), problem)
        self.assertTrue(self.refusal(cookies={"a b": "c"}).startswith('cookies."a b": expected a token of HTTP'))
        for given, place in (({"a": f"{CANARY};"}, "a"), ([{"name": "a", "value": f"{CANARY};"}], "[0].value")):
            problem = self.refusal(cookies=given)
            self.assertIn(f"{place}: expected the value of a cookie", problem)
            self.assertNotIn(CANARY, problem)

    def test_secrets(self) -> None:
        """
        No repr and no error shows the values of headers and cookies, nor a URL's query.
        """
        made = ClientConfiguration(
            customHeaders={"X-Token": CANARY, "X-Other": Secret(CANARY)},
            cookies={"a": CANARY},
            targetUrls=[f"wss://b.example/?token={CANARY}"],
        )
        self.assertEqual(made.customHeaders, {"X-Token": CANARY, "X-Other": CANARY})
        self.assertNotIn(CANARY, repr(made))
        self.assertIn("customHeaders={'X-Token': <secret>, 'X-Other': <secret>}", repr(made))
        self.assertNotIn(CANARY, self.refusal(customHeaders={"X-Token": f"{CANARY}\n"}))

    def test_secureSocket(self) -> None:
        """
        TLS settings are a record or a table of its fields.
        """
        for value in ({}, {"cert": "ca.pem"}):
            self.assertEqual(self.record(secureSocket=value).secureSocket, ClientSecureSocket(**value))
        record = ClientSecureSocket(cert="ca.pem")
        self.assertIs(self.record(secureSocket=record).secureSocket, record)
        for value in (False, "ca.pem", {"certs": "ca.pem"}):
            self.assertTrue(self.refusal(secureSocket=value).startswith("secureSocket"), value)

    def test_auth(self) -> None:
        """
        Credentials are a record or a table of its fields, and are not shown.
        """
        record = self.record(auth={"username": "ada", "password": CANARY})
        self.assertEqual(record.auth, CredentialsConfig(username="ada", password=CANARY))
        self.assertEqual(self.record(auth=record.auth), record)
        self.assertNotIn(CANARY, repr(record))
        for value in ([], CANARY, {"username": CANARY}, {"token": f"{CANARY} x"}):
            text = self.refusal(auth=value)
            self.assertTrue(text.startswith("auth"), text)
            self.assertNotIn(f"{CANARY} x", text)

    def test_pingPongHandler(self) -> None:
        """
        Pings and pongs go to a PingPongService, or to what has no other remote methods than one.
        """

        class Named(PingPongService):
            def onAnything(self) -> None: ...

        class Pinged:
            only = "attribute"

            def onPing(self, data: bytes) -> bytes: ...

            def onward(self) -> None: ...

        class Conversation(Service):
            def onPing(self, data: bytes) -> bytes: ...

            def onTextMessage(self, text: str) -> None: ...

        for handler in (PingPongService(), Named(), Pinged(), None):
            self.assertIs(ClientConfiguration(pingPongHandler=handler).pingPongHandler, handler)
        for value in (Conversation(), Service(), Pinged, PingPongService, print, "onPing", {}, False):
            self.assertEqual(
                self.refusal(pingPongHandler=value),
                "pingPongHandler: The callback service should be a PingPongService",
            )

    def test_retryConfig(self) -> None:
        """
        Nothing is tried again without a retryConfig; an empty one is the seeds' default.
        """
        self.assertEqual(ClientConfiguration(retryConfig={}).retryConfig, WebSocketRetryConfig())
        self.assertEqual(
            self.refusal(retryConfig=5), "retryConfig: expected a table or a WebSocketRetryConfig, got 5"
        )
        self.assertEqual(
            self.refusal(retryConfig={"maxcount": 5}),
            'retryConfig.maxcount: unknown key; did you mean "maxCount"?',
        )

    def test_targetUrls(self) -> None:
        """
        Further URLs are a list of strings, none empty and none twice.
        """
        urls = ["ws://a.example/", "wss://b.example/"]
        self.assertEqual(ClientConfiguration(targetUrls=urls).targetUrls, tuple(urls))
        self.assertTrue(self.refusal(targetUrls=urls[0]).startswith("targetUrls: expected a list of URLs, got "))
        self.assertEqual(
            self.refusal(targetUrls=[""]), 'targetUrls[0]: expected a string that is not empty, got ""'
        )
        self.assertTrue(self.refusal(targetUrls=urls * 2).startswith("targetUrls[2]: "))

    def test_callables(self) -> None:
        """
        Whoever is told of a new connection can be called.
        """
        for name in ("onReconnecting", "onReconnected"):
            self.assertIs(getattr(ClientConfiguration(**{name: print}), name), print)
            self.assertEqual(
                self.refusal(**{name: "print"}), f'{name}: expected something that can be called, got "print"'
            )

    def test_compression(self) -> None:
        """
        webSocketCompressionEnabled is a boolean.
        """
        self.assertIs(ClientConfiguration(webSocketCompressionEnabled=False).webSocketCompressionEnabled, False)
        self.assertEqual(
            self.refusal(webSocketCompressionEnabled=1),
            "webSocketCompressionEnabled: expected true or false, got 1",
        )
