"""
The service under test: it gives back what it gets.
"""

from balws import Service, UpgradeService


class Echo(Service):
    """
    Text as text, binary as binary.
    """

    def onTextMessage(self, text: str) -> str:
        """
        Give a text back.
        """
        return text

    def onBinaryMessage(self, data: bytes) -> bytes:
        """
        Give bytes back.
        """
        return data


class EchoUpgrade(UpgradeService):
    """
    Every connection has an echo of its own.
    """

    def get(self) -> Echo:
        """
        Accept.
        """
        return Echo()
