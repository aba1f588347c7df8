"""
An issuer that changes its keys while a listener knows the old ones (row JW08 of the
reliability catalogue): npm's oidc-provider, started anew at the same port with others.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from zope.interface import directlyProvides, providedBy

from balws import Caller, Client, InvalidHandshakeError, Listener, Service, UpgradeService, serviceConfig
from balws.auth.oauth2.granting import GrantedToken, grantFor
from balws.config.oauth2 import grant
from tests.auth.tokens import token
from tests.integration import oidc
from tests.integration.oidc import OidcCase
from tests.integration.relay import Relay
from tests.waiting import PATIENCE

#: After this line of the part's script its settings follow, without keys of their own.
MARKER = "const CONFIGURATION = {\n"

AUDIENCE = "urn:balws"

#: Seconds: from one attempt to the next for a name that is not known, and for keys that are not there; how long keys
#: are kept, and how long while nobody can be asked for others.
COOLDOWN, RETRY, MAX_AGE, MAX_STALE = 30, 5, 300, 3600


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """
    @return: the key of this name.
    """
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def secretJwk(name: str, kid: str | None = None) -> dict[str, Any]:
    """
    @return: a key, with its private half, as oidc-provider wants it.
    """
    numbers = key(name).private_numbers()
    values = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        **{part: getattr(numbers, part) for part in ("d", "p", "q")},
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    written = {
        part: urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
        for part, value in values.items()
    }
    return {"kty": "RSA", "kid": kid or name, "use": "sig", "alg": "RS256", **written}


class Ahead:
    """
    The reactor, whose clock can be put forward.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._ahead = 0.0
        directlyProvides(self, *providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def seconds(self) -> float:
        """
        See L{twisted.internet.interfaces.IReactorTime}.
        """
        seconds: float = self._reactor.seconds()
        return seconds + self._ahead

    def forward(self, seconds: float) -> None:
        """
        Put it forward; no timer runs out by that.
        """
        self._ahead += seconds


class Naming(Service):
    """
    Says who came.
    """

    def onOpen(self, caller: Caller) -> Any:
        return caller.writeTextMessage(caller.getPrincipal().claims["client_id"])


class RotationTests(OidcCase):
    """
    A listener that validates tokens with the published keys.

    @ivar relay: before the issuer, for the listener alone.
    """

    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.clock = Ahead(reactor)
        self.server: Any = None
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.plain, self.edited = oidc.PART, folder / oidc.PART.name
        self.patch(oidc, "PART", self.edited)
        self.publish("old")
        self.relay = Relay(reactor, self.server.port)
        self.addCleanup(self.relay.ended)

    def publish(self, *names: str, kid: str | None = None) -> None:
        """
        Start the issuer, or start it anew at the same port, with these keys; it signs with the
        first.
        """
        port = 0 if self.server is None else self.server.port
        if self.server is not None:
            self.server.stop()
        if self.plain.is_file():
            script = self.plain.read_text("utf-8")
            self.assertEqual(script.count(MARKER), 1, "the part's script has changed: where do keys go now?")
            keys = json.dumps({"keys": [secretJwk(each, kid) for each in names]})
            self.edited.write_text(script.replace(MARKER, f"{MARKER}  jwks: {keys},\n"), "utf-8")
        self.server = self.begin(port=port)

    async def listen(self, cacheConfig: dict[str, Any] | None = None, reqTimeout: float = 5) -> str:
        """
        @return: the URL of a service for tokens of the issuer.
        """
        jwks: dict[str, Any] = {
            "url": f"http://localhost:{self.relay.port}/jwks",
            "clientConfig": {"secureSocket": {"disable": True}, "reqTimeout": reqTimeout},
        }
        if cacheConfig is not None:
            jwks["cacheConfig"] = cacheConfig
        config = {"issuer": self.server.issuer, "audience": AUDIENCE, "signatureConfig": {"jwksConfig": jwks}}

        @serviceConfig(auth=[{"jwtValidatorConfig": config, "scopes": ["read"]}])
        class Upgrade(UpgradeService):
            def get(self) -> Service:
                return Naming()

        listener = Listener(0, host="127.0.0.1", reactor=self.clock, maxAuthFailures=0)
        listener.attach(Upgrade(), "/")
        await listener.start()
        self.addCleanup(listener.immediateStop)
        return f"ws://127.0.0.1:{listener.port}/"

    async def signed(self) -> str:
        """
        @return: a token, signed with the issuer's present key.
        """
        record = {
            "tokenUrl": f"{self.server.issuer}/token",
            "clientId": "svc",
            "clientSecret": "svc-secret",
            "scopes": ["read"],
            "optionalParams": {"resource": AUDIENCE},
        }
        source: GrantedToken = self.kept(grantFor(grant(record), self.reactor))
        return (await source.authorization()).decode().removeprefix("Bearer ")

    async def status(self, url: str, shown: str) -> int:
        """
        @return: how an upgrade with this token is answered.
        """
        try:
            client = await Client.connect(url, auth={"token": shown})
        except InvalidHandshakeError as problem:
            assert problem.response is not None
            return int(problem.response.status)
        self.assertEqual(await client.readTextMessage(), "svc")
        await client.close()
        return 101

    async def together(self, url: str, *shown: str) -> list[int]:
        """
        @return: the answers to upgrades that are asked for at once.
        """
        asked = [Deferred.fromCoroutine(self.status(url, each)) for each in shown]
        return list(await gatherResults(asked))

    @property
    def fetches(self) -> int:
        """
        How often the keys were asked for.
        """
        return self.relay.count(b"GET /jwks ")

    async def test_rotation(self) -> None:
        """
        Tokens of a new key are accepted after one fetch, beside those of the old one until that
        is withdrawn (JW08).
        """
        url = await self.listen()
        old = await self.signed()
        self.assertEqual(await self.together(url, *[old] * 8), [101] * 8)
        self.assertEqual(self.fetches, 1)
        self.publish("new", "old")
        new = await self.signed()
        # A name that is not known causes a fetch, and not before the cooldown is over.
        self.assertEqual(await self.together(url, new, old), [401, 101])
        self.assertEqual(self.fetches, 1)
        self.clock.forward(COOLDOWN + 1)
        self.assertEqual(await self.together(url, *[new] * 8, old), [101] * 9)
        self.assertEqual(self.fetches, 2)
        self.publish("new")
        self.clock.forward(MAX_AGE + 1)
        self.assertEqual(await self.together(url, old, new, old), [401, 101, 401])
        self.assertEqual(self.fetches, 3)

    async def test_withdrawnSooner(self) -> None:
        """
        A withdrawn key counts for as long as cacheConfig says; there the keys are fetched before
        the first token comes (JW08).
        """
        url = await self.listen({"defaultMaxAge": 60})
        old = await self.signed()
        self.assertEqual(await self.status(url, old), 101)
        self.publish("new")
        self.clock.forward(20)
        self.assertEqual(await self.status(url, old), 101)
        self.assertEqual(self.fetches, 1)
        self.clock.forward(41)
        self.assertEqual(await self.together(url, old, await self.signed()), [401, 101])
        self.assertEqual(self.fetches, 2)

    async def test_sameName(self) -> None:
        """
        A new key under the name of the old one takes its place with the next fetch.
        """
        url = await self.listen()
        old = await self.signed()
        self.assertEqual(await self.status(url, old), 101)
        self.publish("new", kid="old")
        new = await self.signed()
        self.assertEqual(await self.together(url, old, new), [101, 401])
        self.clock.forward(MAX_AGE + 1)
        self.assertEqual(await self.together(url, old, new), [401, 101])
        self.assertEqual(self.fetches, 2)

    async def test_madeUp(self) -> None:
        """
        Who makes up names of keys is refused, and causes no more than a fetch in 30 seconds
        (JW08).
        """
        url = await self.listen()
        made = [
            token(
                key("stranger"),
                "RS256",
                {"iss": self.server.issuer, "aud": AUDIENCE, "sub": "svc", "scope": "read", "exp": time.time() + 60},
                {"alg": "RS256", "kid": name},
            )
            for name in (*(f"made-up-{number}" for number in range(20)), "old")
        ]
        self.assertEqual(await self.together(url, *made), [401] * len(made))
        self.assertEqual(self.fetches, 1)
        self.clock.forward(COOLDOWN + 1)
        self.assertEqual(await self.together(url, *made), [401] * len(made))
        self.assertEqual(self.fetches, 2)
        self.assertEqual(await self.status(url, await self.signed()), 101)

    async def test_down(self) -> None:
        """
        While the issuer is down its last keys do, for an hour; then nobody is let in, until it is
        there again (JW08).
        """
        url = await self.listen()
        old = await self.signed()
        self.assertEqual(await self.status(url, old), 101)
        self.server.stop()
        self.clock.forward(MAX_AGE + 1)
        self.assertEqual(await self.together(url, *[old] * 4), [101] * 4)
        self.clock.forward(MAX_STALE - MAX_AGE - 60)
        self.assertEqual(await self.status(url, old), 101)
        self.clock.forward(61)
        self.assertEqual(await self.together(url, *[old] * 4), [503] * 4)
        self.publish("new")
        self.clock.forward(RETRY + 1)
        self.assertEqual(await self.together(url, old, await self.signed()), [401, 101])

    async def test_downAtFirst(self) -> None:
        """
        Where the keys never could be had it is 503, and a few seconds after the issuer has come up
        everybody is let in (JW08).
        """
        for cacheConfig in (None, {}):
            url = await self.listen(cacheConfig)
            shown = await self.signed()
            self.server.stop()
            before = self.relay.connections
            if cacheConfig is None:
                self.assertEqual(await self.together(url, *[shown] * 4), [503] * 4)
                self.assertEqual(self.relay.connections, before + 1)
            self.publish("old")
            self.clock.forward(RETRY + 1)
            self.assertEqual(await self.status(url, shown), 101)

    async def test_hanging(self) -> None:
        """
        An issuer that does not answer any more holds a token up for the request's timeout, once;
        the old keys do all the same, and in between nobody waits (JW08).
        """
        url = await self.listen(reqTimeout=1)
        old = await self.signed()
        self.assertEqual(await self.status(url, old), 101)
        self.relay.hang()
        self.clock.forward(MAX_AGE + 1)
        began = time.monotonic()
        self.assertEqual(await self.together(url, *[old] * 20), [101] * 20)
        held = time.monotonic() - began
        self.assertTrue(0.9 <= held <= 12, held)
        began = time.monotonic()
        for _ in range(12):
            self.assertEqual(await self.status(url, old), 101)
        self.assertLess(time.monotonic() - began, 10)
        self.relay.isHanging = False
        self.publish("new")
        new = await self.signed()
        self.clock.forward(RETRY + 1)
        ends = time.monotonic() + PATIENCE
        while await self.status(url, new) == 503 and time.monotonic() < ends:  # nobody waits for the next attempt
            await deferLater(self.reactor, 0.05)
        self.assertEqual(await self.together(url, old, new), [401, 101])
