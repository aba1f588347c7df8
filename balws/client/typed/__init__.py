"""
What the modules lean on that C{balws client} writes: a client whose messages have types.
"""

from msgspec import Struct, field

from balws.client.typed.client import TypedClient
from balws.client.typed.incoming import Unknown

__all__ = ["Struct", "TypedClient", "Unknown", "field"]
