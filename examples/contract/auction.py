"""
An auction whose contract is written down: C{auction.json} was made of this service, and
C{auctionclient.py} of that::

    balws asyncapi balws.toml --title Auction --output auction.json --html auction.html
    balws client auction.json --output auctionclient.py

The field C{event} of a request names its method, and the field C{id} ties the answer to it: a
client that has asked for much at a time knows which answer is whose.  Run the service in this
folder, and the client of that module while it runs::

    twistd -n balws --config balws.toml

    python bidder.py
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from balws import Caller, Service, UpgradeError, UpgradeService, get, serviceConfig

Currency = Literal["EUR", "GBP"]


class Bid(Struct):
    """
    More than was offered before.
    """

    id: str
    amount: int


class Ask(Struct):
    """
    How much is offered?
    """

    id: str


class Accepted(Struct, tag_field="event", tag="accepted"):
    """
    It is the highest bid.
    """

    id: str


class Refused(Struct, tag_field="event", tag="refused"):
    """
    It is not enough.
    """

    id: str
    highest: int


class Highest(Struct, tag_field="event", tag="highest"):
    """
    What is offered; nothing so far where C{at} is missing.
    """

    id: str
    amount: int
    at: datetime | None = None


class Welcome(Struct, tag_field="event", tag="welcome"):
    """
    The first message of all.
    """

    lot: str
    currency: Currency


class Raised(Struct, tag_field="event", tag="raised"):
    """
    Somebody has made a higher bid.
    """

    amount: int


class Lot:
    """
    @ivar amount: the highest bid.
    @ivar at: when it was made.
    """

    amount = 0
    at: datetime | None = None


class Auction(Service):
    """
    The sale of one lot.

    @cvar sends: what comes without being asked for, for the description.
    """

    sends = (Raised,)

    def __init__(self, name: str, lot: Lot, currency: Currency) -> None:
        self.name = name
        self.lot = lot
        self.currency = currency

    async def onOpen(self, caller: Caller) -> Welcome:
        await caller.addConnectionToGroup(self.name)
        return Welcome(self.name, self.currency)

    async def onBid(self, caller: Caller, bid: Bid) -> Accepted | Refused:
        """
        Offer an amount.  Everybody in the room hears of it.
        """
        if bid.amount <= self.lot.amount:
            return Refused(bid.id, self.lot.amount)
        self.lot.amount, self.lot.at = bid.amount, datetime.now(UTC)
        await caller.hub.pushMessageToGroup(self.name, Raised(bid.amount))
        return Accepted(bid.id)

    def onAsk(self, ask: Ask) -> Highest:
        """
        Ask for the highest bid.
        """
        return Highest(ask.id, self.lot.amount, self.lot.at)


@serviceConfig(dispatcherKey="event", dispatcherStreamId="id")
class AuctionUpgrade(UpgradeService):
    """
    Sales, each at its own path.
    """

    def __init__(self) -> None:
        self.lots = {"clock": Lot(), "vase": Lot()}

    @get("{lot}")
    def get(self, lot: str, pounds: bool = False) -> Auction | UpgradeError:
        """
        @param lot: what is sold: C{clock} or C{vase}.
        @param pounds: count in pounds and not in euros.
        """
        if lot not in self.lots:
            return UpgradeError("There is no such lot.", status=404)
        return Auction(lot, self.lots[lot], "GBP" if pounds else "EUR")
