"""
Echo through a Listener, an upgrade service and a service's methods.
"""

import sys

from twisted.internet import reactor

from balws import Listener, Service, UpgradeService, serviceConfig


class Echo(Service):
    def onTextMessage(self, caller, text):
        return caller.writeTextMessage(text)

    def onBinaryMessage(self, caller, data):
        return caller.writeBinaryMessage(data)


@serviceConfig(pingInterval=0)  # the load generator answers no pings
class EchoUpgrade(UpgradeService):
    def get(self):
        return Echo()


listener = Listener(int(sys.argv[1]), host="127.0.0.1")
listener.attach(
    EchoUpgrade(),
    "/",
)
listener.start()
reactor.run()
