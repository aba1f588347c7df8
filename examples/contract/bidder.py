"""
Bids for the clock, with the client that was made of the auction's document.
"""

from __future__ import annotations

from typing import Any

from auctionclient import Accepted, Ask, Bid, LotsClient
from twisted.internet.defer import Deferred
from twisted.internet.task import react


async def main(reactor: Any, url: str = "ws://127.0.0.1:9090") -> None:
    async with await LotsClient.connect(url, lot="clock") as auction:
        welcome = await auction.readWelcome()
        before = await auction.ask(Ask())
        print(f"{welcome.lot}: {before.amount} {welcome.currency} so far")
        answer = await auction.bid(Bid(amount=before.amount + 10))
        if isinstance(answer, Accepted):
            print("The bid is the highest.")
        raised = await auction.readRaised()
        print(f"All have heard of {raised.amount} {welcome.currency}.")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
