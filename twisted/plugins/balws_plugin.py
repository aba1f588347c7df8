"""
Tells twistd that there is C{twistd balws}.
"""

from twisted.application.service import ServiceMaker

balws = ServiceMaker("balws", "balws.tap", "WebSocket services described by one file.", "balws")
