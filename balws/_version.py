"""
The version, kept by incremental.
"""

from incremental import Version

__version__ = Version("balws", 26, 11, 0)
__all__ = ["__version__"]
