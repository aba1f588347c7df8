"""
The log of a process: as text or as one JSON object a line, safe against what peers write
(row RL16).
"""

from balws.logs.children import MAX_LINE, fromChild, toParent
from balws.logs.observer import LineObserver, observer
from balws.logs.outlet import install

__all__ = ["MAX_LINE", "LineObserver", "fromChild", "install", "observer", "toParent"]
