"""
A service that nobody says anything to, with the defaults: a ping every 30 seconds.
"""

import sys

from twisted.internet import reactor

from balws import Listener, Service, UpgradeService


class Idle(Service):
    def onTextMessage(self, caller, text):
        return text


class IdleUpgrade(UpgradeService):
    def get(self):
        return Idle()


listener = Listener(int(sys.argv[1]), host="127.0.0.1", serverConfig={"maxConnections": 0})
listener.attach(IdleUpgrade(), "/")
listener.start()
reactor.run()
