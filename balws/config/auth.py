# -*- test-case-name: tests.config.test_auth -*-
"""
A service's C{auth}: who may connect (seed 4, section 5.2).  Each entry names one way to
tell, the scopes that it takes, and perhaps a realm of the application's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import IRealm

from balws.config.jwt import JwtValidatorConfig
from balws.config.ldap import LdapUserStoreConfig
from balws.config.oauth2 import OAuth2IntrospectionConfig
from balws.config.records import nested, oneOf
from balws.config.userstore import FileUserStoreConfig, scopes
from balws.config.values import Check, Unfit, Unlike, checked, convert, optional, text
from balws.errors import ConfigurationError

__all__ = [
    "AuthEntry",
    "CheckerWithScopes",
    "FileUserStoreConfigWithScopes",
    "JwtValidatorConfigWithScopes",
    "LdapUserStoreConfigWithScopes",
    "OAuth2IntrospectionConfigWithScopes",
    "authEntries",
    "target",
]

_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

_NOBODY = "an empty list lets nobody in; leave it out where everybody may connect"


def target(value: object) -> str:
    """
    A check for C{module:attribute}.
    """
    if not _TARGET.fullmatch(text(value)):
        raise Unfit('"module:attribute"')
    return str(value)


def _plug(interface: Any, noun: str) -> Check[Any]:
    def check(value: object) -> object:
        if isinstance(value, str):
            return target(value)
        if not interface.providedBy(value):
            raise Unfit(noun)
        return value

    return check


_realm = _plug(IRealm, 'an IRealm of twisted.cred or, in a file, its "module:attribute"')
_checker = _plug(ICredentialsChecker, 'an ICredentialsChecker of twisted.cred or, in a file, its "module:attribute"')


@attrs.frozen(kw_only=True)
class AuthEntry:
    """
    What all entries have.

    @ivar scopes: one scope or a list; who has one of them may connect, who has none is
        answered with 403 (decision 13); empty: everybody who is known.
    @ivar realm: makes the avatar, an L{balws.interfaces.IPrincipal}, of the id that the
        checker gives; C{module:attribute} in a file; L{None} makes a
        L{balws.auth.principal.Principal}.
    """

    scopes: tuple[str, ...] = checked("scopes", scopes, ())
    realm: Any = checked("realm", optional(_realm), None)


@attrs.frozen(kw_only=True)
class FileUserStoreConfigWithScopes(AuthEntry):
    """
    @ivar fileUserStoreConfig: L{FileUserStoreConfig}; an empty table in a configuration
        file is that file's own C{[auth]}.
    """

    fileUserStoreConfig: FileUserStoreConfig = checked("fileUserStoreConfig", nested(FileUserStoreConfig))


@attrs.frozen(kw_only=True)
class LdapUserStoreConfigWithScopes(AuthEntry):
    """
    @ivar ldapUserStoreConfig: L{LdapUserStoreConfig}.
    """

    ldapUserStoreConfig: LdapUserStoreConfig = checked("ldapUserStoreConfig", nested(LdapUserStoreConfig))


@attrs.frozen(kw_only=True)
class JwtValidatorConfigWithScopes(AuthEntry):
    """
    @ivar jwtValidatorConfig: L{JwtValidatorConfig}.
    """

    jwtValidatorConfig: JwtValidatorConfig = checked("jwtValidatorConfig", nested(JwtValidatorConfig))


@attrs.frozen(kw_only=True)
class OAuth2IntrospectionConfigWithScopes(AuthEntry):
    """
    @ivar oauth2IntrospectionConfig: L{OAuth2IntrospectionConfig}.
    """

    oauth2IntrospectionConfig: OAuth2IntrospectionConfig = checked(
        "oauth2IntrospectionConfig", nested(OAuth2IntrospectionConfig)
    )


@attrs.frozen(kw_only=True)
class CheckerWithScopes(AuthEntry):
    """
    The application's own way to tell, by Cred's interface.

    @ivar checker: an L{ICredentialsChecker} for L{twisted.cred.credentials.IUsernamePassword}
        or L{balws.interfaces.IBearerToken}; C{module:attribute} in a file, of the
        object or of a class or factory that makes one.
    """

    checker: Any = checked("checker", _checker)


_entry = oneOf(
    FileUserStoreConfigWithScopes,
    LdapUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    OAuth2IntrospectionConfigWithScopes,
    CheckerWithScopes,
    noun="a way to tell who it is",
)


def _listed(value: object) -> tuple[AuthEntry, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise Unlike("a list of tables")
    found = tuple(convert(_entry, f"[{index}]", each) for index, each in enumerate(value))
    if not found:
        raise ConfigurationError(_NOBODY)
    return found


#: A check for the whole list, or L{None}.
authEntries: Check[tuple[AuthEntry, ...] | None] = optional(_listed)
