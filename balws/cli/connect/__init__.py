# -*- test-case-name: tests.cli.test_connect -*-
"""
C{balws connect}: talk to a WebSocket service, by hand or from a script.
"""

from balws.cli.connect.options import Connect

__all__ = ["Connect"]
