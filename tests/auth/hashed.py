"""
Hashes that cost little, for tests that need several.
"""

from __future__ import annotations

import os

from balws.auth.users.passwords import HashedPassword, Scrypt

#: The cheapest that is not refused.
CHEAP = Scrypt(13, 8, 1)


def cheapHash(password: str, recipe: Scrypt = CHEAP) -> str:
    """
    @return: a line for a user store.
    """
    salt = os.urandom(16)
    return HashedPassword(recipe, salt, recipe.derive(password.encode(), salt, 32)).line()
