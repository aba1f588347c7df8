"""
Whoever has the token posts to /push/{game}, and everybody who watches that game gets it.

The token is in a file that only this service and whoever posts can read; with ``url`` in
``[hub]`` a post to one node reaches who watches on any::

    openssl rand -hex 32 > token.txt
    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/scores/42
    curl -H "Authorization: Bearer $(cat token.txt)" --data '1:0' http://127.0.0.1:9090/push/42
"""

from __future__ import annotations

from hmac import compare_digest
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws import Caller, Hub, HubError, NoSuchGroup, Service, UpgradeService, get


class Scores(Service):
    def __init__(self, game: str) -> None:
        self.group = f"game {game}"

    async def onOpen(self, caller: Caller) -> None:
        await caller.addConnectionToGroup(self.group)

    def onTextMessage(self, text: str) -> None:
        """
        Who watches has nothing to say.
        """


class ScoreUpgrade(UpgradeService):
    @get("{game}")
    def get(self, game: str) -> Scores:
        return Scores(game)


class Push(Resource):
    isLeaf = True

    def __init__(self, hub: Hub, token: str) -> None:
        super().__init__()
        self.hub = hub
        self.expected = f"Bearer {token}".encode()

    def render_POST(self, request: Request) -> int:
        work = Deferred.fromCoroutine(self.push(request))
        request.notifyFinish().addErrback(lambda _: work.cancel())  # it did not wait for the answer
        work.addErrback(lambda failure: failure.trap(CancelledError))
        return NOT_DONE_YET

    async def push(self, request: Request) -> None:
        status, words = await self.answer(request)
        request.setResponseCode(status)
        if status == 401:
            request.setHeader(b"WWW-Authenticate", b"Bearer")
        request.write(words)
        request.finish()

    async def answer(self, request: Request) -> tuple[int, bytes]:
        if not compare_digest(request.getHeader(b"Authorization") or b"", self.expected):
            return 401, b""
        try:
            (game,) = (segment.decode() for segment in request.postpath)
            text = request.content.read().decode()
        except ValueError:
            return 400, b"POST a text in UTF-8 to /push/{game}.\n"
        try:
            await self.hub.pushTextToGroup(f"game {game}", text)
        except NoSuchGroup:
            return 404, b"Nobody watches this game.\n"
        except HubError:
            return 503, b"Not everybody got it.\n"
        return 202, b""


def makePush(hub: Hub) -> IResource:
    token = Path(__file__).with_name("token.txt").read_text("utf-8").strip()
    if len(token) < 32:
        raise ValueError("token.txt holds no token of 32 characters or more")
    return Push(hub, token)
