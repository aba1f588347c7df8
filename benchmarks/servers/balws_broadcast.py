"""
Broadcast through a Listener, an upgrade service and a service's methods.
"""

import sys

from twisted.internet import reactor

from balws import Listener, Service, UpgradeService, serviceConfig


class Chat(Service):
    def onTextMessage(self, caller, text):
        return caller.broadcastText(text)


@serviceConfig(pingInterval=0)  # the load generator answers no pings
class ChatUpgrade(UpgradeService):
    def get(self):
        return Chat()


listener = Listener(int(sys.argv[1]), host="127.0.0.1", serverConfig={"maxConnections": 0})
listener.attach(ChatUpgrade(), "/")
listener.start()
reactor.run()
