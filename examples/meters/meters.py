"""
Meters report what they measure, and show a certificate for it.

Make the certificates as docs/howto/mutual-tls.rst shows, and run it in this folder::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from balws import Request, Service, UpgradeError, UpgradeService


class Meter(Service):
    def __init__(self, name: str) -> None:
        self.name = name

    def onMessage(self, degrees: float) -> dict[str, object]:
        return {"meter": self.name, "tooHot": degrees > 60}


class MeterUpgrade(UpgradeService):
    def get(self, request: Request) -> Meter | UpgradeError:
        name = request.transport.getPeerCertificate().get_subject().CN
        return Meter(name) if name.startswith("meter-") else UpgradeError("This is no meter.", status=403)
