"""
What C{twistd balws} serves when it is given no configuration: an echo service, a
chat, and a page to try them.
"""

from balws.demo.site import makeDemo

__all__ = ["makeDemo"]
