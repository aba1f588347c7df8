"""
Tells twistd that there is C{twistd balws}, and C{twistd --reactor balws}.
"""

from twisted.application.reactors import Reactor
from twisted.application.service import ServiceMaker

balws = ServiceMaker("balws", "balws.tap", "WebSocket services described by one file.", "balws")
reactor = Reactor("balws", "balws.reactor", "epoll(7) with less work for each event (Linux only)")
