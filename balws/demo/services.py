"""
The services of the demonstration.  The page shows this file to its visitor.
"""

from twisted.internet.defer import Deferred

from balws import Caller, Service, UpgradeError, UpgradeService


class Echo(Service):
    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.writeTextMessage(text)

    def onBinaryMessage(self, caller: Caller, data: bytes) -> Deferred[None]:
        return caller.writeBinaryMessage(data)


class EchoUpgrade(UpgradeService):
    def get(self) -> Echo:
        return Echo()


class Chat(Service):
    def __init__(self, name: str) -> None:
        self.name = name

    def onOpen(self, caller: Caller) -> Deferred[None]:
        return caller.broadcastText(f"{self.name} has joined.")

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.broadcastText(f"{self.name}: {text}")

    def onClose(self, caller: Caller) -> Deferred[None]:
        return caller.broadcastText(f"{self.name} has left.")


class ChatUpgrade(UpgradeService):
    def get(self, name: str = "somebody") -> Chat:  # /chat?name=Ada
        if not 1 <= len(name) <= 40:
            raise UpgradeError("A name has 1 to 40 characters.")
        return Chat(name)
