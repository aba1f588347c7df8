"""
Auction

Made by `balws client` from an AsyncAPI document: make it again in place of changing it.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal, Self, TypeAlias

from balws.client.typed import Struct, TypedClient


class Ask(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="ask"):
    """
    How much is offered?
    """

    id: str = ""


class Highest(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="highest"):
    """
    What is offered; nothing so far where `at` is missing.
    """

    amount: int
    id: str = ""
    at: datetime.datetime | None = None


class Bid(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="bid"):
    """
    More than was offered before.
    """

    amount: int
    id: str = ""


class Accepted(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="accepted"):
    """
    It is the highest bid.
    """

    id: str = ""


class Refused(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="refused"):
    """
    It is not enough.
    """

    highest: int
    id: str = ""


class Welcome(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="welcome"):
    """
    The first message of all.
    """

    lot: str
    currency: Literal["EUR", "GBP"]


class Raised(Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="raised"):
    """
    Somebody has made a higher bid.
    """

    amount: int


#: What LotsClient receives.
LotsReceived: TypeAlias = Highest | Accepted | Refused | Welcome | Raised


class LotsClient(TypedClient[LotsReceived]):
    """
    Sales, each at its own path.

    A connection to /lots/{lot}.
    """

    address = "/lots/{lot}"
    receives = (Highest, Accepted, Refused, Welcome, Raised)
    streamId = "id"

    @classmethod
    async def connect(cls, url: str = "ws://127.0.0.1:9090", *, lot: str, pounds: bool = False, **fields: Any) -> Self:
        """
        Connect.

        The parameters are those of the upgrade request.

        @param url: of the server, without the channel's address.
        @param lot: what is sold: `clock` or `vase`.
        @param pounds: count in pounds and not in euros.
        @param fields: for L{balws.Client.connect}, such as auth and secureSocket.
        """
        return await cls.openAt(url, {"lot": lot}, {"pounds": pounds}, {}, fields)

    async def sendAsk(self, message: Ask) -> None:
        """
        Ask for the highest bid.
        """
        await self.sendJson(message, isTied=True)

    async def sendBid(self, message: Bid) -> None:
        """
        Offer an amount.

        Everybody in the room hears of it.
        """
        await self.sendJson(message, isTied=True)

    async def ask(self, message: Ask) -> Highest:
        """
        Ask for the highest bid.

        Waits for the answer, which has the same id; messages may come in between.
        """
        answer: Highest = await self.askFor(message, Highest)
        return answer

    async def bid(self, message: Bid) -> Accepted | Refused:
        """
        Offer an amount.

        Everybody in the room hears of it.

        Waits for the answer, which has the same id; messages may come in between.
        """
        answer: Accepted | Refused = await self.askFor(message, Accepted | Refused)
        return answer

    async def readHighest(self) -> Highest:
        """
        Waits for the next message of this type; others wait to be read.
        """
        message: Highest = await self.readKind(Highest)
        return message

    async def readAccepted(self) -> Accepted:
        """
        Waits for the next message of this type; others wait to be read.
        """
        message: Accepted = await self.readKind(Accepted)
        return message

    async def readRefused(self) -> Refused:
        """
        Waits for the next message of this type; others wait to be read.
        """
        message: Refused = await self.readKind(Refused)
        return message

    async def readWelcome(self) -> Welcome:
        """
        Waits for the next message of this type; others wait to be read.
        """
        message: Welcome = await self.readKind(Welcome)
        return message

    async def readRaised(self) -> Raised:
        """
        Waits for the next message of this type; others wait to be read.
        """
        message: Raised = await self.readKind(Raised)
        return message
