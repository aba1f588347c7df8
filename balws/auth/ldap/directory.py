# -*- test-case-name: tests.auth.ldap.test_directory -*-
"""
A login at a directory: search, bind, groups (feature table 5.3).  Whatever cannot be found
out is said to be so (decision 11), where the reference library says no.

All of this blocks, and is for threads of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from balws.auth.ldap.connection import REFUSALS, SUCCESS, Connector, Entry, Found, LdapConnection
from balws.auth.ldap.filter import escaped, firstValue, membersFilter, parsedFilter, parsedTemplate
from balws.auth.ldap.pool import CONNECTIONS, ROLES, Pool, Roles
from balws.auth.ldap.socket import LdapProblem
from balws.auth.principal import Identity
from balws.config.ldap import LdapUserStoreConfig

__all__ = ["Directory", "Outcome"]

#: Nobody has more groups than this.
MAX_GROUPS = 1000

#: Who is asked for in place of a user that there is not: nobody's name.
NOBODY = "balws-nobody"


@attrs.frozen
class Outcome:
    """
    What became of a login.  Values instead of errors: an error's traceback holds on to the
    password.

    @ivar identity: who it is; L{None}: nobody, or that cannot be told.
    @ivar unavailable: why it cannot be told.
    @ivar note: what the operator should know.
    """

    identity: Identity | None = None
    unavailable: str = ""
    note: str = ""


class Directory:
    """
    One directory, and what is known of it.

    @ivar pool: connections of the account that searches.
    @ivar roles: remembered groups.
    """

    def __init__(self, config: LdapUserStoreConfig, seconds: Callable[[], float]) -> None:
        """
        @param seconds: a clock that nobody sets.
        @raise balws.ConfigurationError: for a filter that is none, and for certificates that
            cannot be read.
        """
        self._config = config
        self._users = parsedTemplate(config.userNameSearchFilter, "userNameSearchFilter")
        self._groups = parsedFilter(config.groupNameListFilter, "groupNameListFilter")
        parsedFilter(config.userNameListFilter, "userNameListFilter")
        parsedTemplate(config.groupNameSearchFilter, "groupNameSearchFilter")
        self._seconds = seconds
        self.pool = self._newPool()
        self.roles = Roles(seconds, ROLES if config.userRolesCacheEnabled else 0)

    def _newPool(self) -> Pool:
        size = CONNECTIONS if self._config.connectionPoolingEnabled else 0
        return Pool(Connector(self._config), self._seconds, size)

    def reload(self) -> None:
        """
        Read the trusted certificates again; connections that trusted the old ones are not used
        any more.

        @raise balws.ConfigurationError: when they cannot be read; the old ones stay.
        """
        old, self.pool = self.pool, self._newPool()
        old.close()
        self.roles.clear()

    def login(self, name: str, password: bytes, deadline: float) -> Outcome:
        """
        @param name: what the peer says that it is called; not empty.
        @param password: not empty.
        @param deadline: when the login must be over, by L{time.monotonic}.
        """
        try:
            return self._login(name, password, deadline)
        except LdapProblem as problem:
            return Outcome(unavailable=str(problem))
        except Exception as problem:  # its traceback would hold on to the password
            return Outcome(unavailable=f"failed ({type(problem).__name__})")

    def _login(self, name: str, password: bytes, deadline: float) -> Outcome:
        pool = self.pool  # one throughout: a reload makes another
        connection, found = self._search(pool, name, deadline)
        try:
            outcome = self._judge(connection, found, name, partial(self._isPassword, pool, password, deadline))
        except Exception:
            connection.close()
            raise
        if not pool.give(connection):
            connection.close()
        return outcome

    def _search(self, pool: Pool, name: str, deadline: float) -> tuple[LdapConnection, Found]:
        """
        @return: the connection of the account that searches, and who may be meant.
        """
        connection = pool.take()
        if connection is not None:
            connection.deadline = deadline
            try:
                return connection, self._find(connection, name)
            except LdapProblem:  # it waited too long, perhaps
                connection.close()
        connection = pool.connector.open(deadline)
        try:
            self._bind(connection)
            return connection, self._find(connection, name)
        except Exception:
            connection.close()
            raise

    def _bind(self, connection: LdapConnection) -> None:
        config = self._config
        result = connection.bind(config.connectionName, config.connectionPassword.reveal().encode())
        if result != SUCCESS:
            raise LdapProblem(f"the account that searches is refused (result {result})")

    def _find(self, connection: LdapConnection, name: str) -> Found:
        """
        @return: who may be meant; of more than one not all.
        """
        found: dict[str, Entry] = {}
        wanted = self._users.replace("?", escaped(name))
        for base in self._config.userSearchBases:
            some = connection.search(base, wanted, self._config.userNameAttribute, 2)
            found.update((entry.name, entry) for entry in some.entries)
            if some.isCut or len(found) > 1:
                return Found(tuple(found.values()), True)
        return Found(tuple(found.values()), False)

    def _judge(self, connection: LdapConnection, found: Found, name: str, isPassword: Callable[[str], bool]) -> Outcome:
        note = f"more than one entry fits the name {name!r}, and so none does" if found.isCut else ""
        user = None if found.isCut or not found.entries else found.entries[0]
        if user is None or not user.name:
            # As much work as for somebody, and the same troubles: nothing must tell who there is.
            isPassword(f"{self._config.userNameAttribute}={NOBODY},{self._config.userSearchBases[0]}")
            return Outcome(note=note)
        if not isPassword(user.name):
            return Outcome()
        roles = self.roles.of(user.name)
        if roles is None:
            roles = self._groupsOf(connection, user.name)
            self.roles.learn(user.name, roles)
        return Outcome(Identity(_calledBy(user, name), roles))

    def _isPassword(self, pool: Pool, password: bytes, deadline: float, name: str) -> bool:
        connection = pool.connector.open(deadline)
        try:
            result = connection.bind(name, password)
        finally:
            connection.close()
        if result in REFUSALS:
            return False
        if result != SUCCESS:
            raise LdapProblem(f"the user's bind ended with result {result}")
        return True

    def _groupsOf(self, connection: LdapConnection, name: str) -> tuple[str, ...]:
        config = self._config
        member = name
        if config.membershipAttribute.lower() == "memberuid":
            try:
                member = firstValue(name)
            except ValueError as problem:
                raise LdapProblem(f"the user's entry has {problem}") from None
        wanted = membersFilter(self._groups, config.membershipAttribute, member)
        groups: dict[str, None] = {}
        for base in config.groupSearchBase:
            found = connection.search(base, wanted, config.groupNameAttribute, MAX_GROUPS)
            if found.isCut:
                raise LdapProblem(f"more than {MAX_GROUPS} groups of one user below {base!r}")
            for entry in found.entries:
                groups.update(dict.fromkeys(entry.values))
        return tuple(groups)


def _calledBy(user: Entry, name: str) -> str:
    """
    @return: what the directory calls a user, since a peer may write the same name in many
        ways; where it says several names, or none, the peer's.
    """
    if len(user.values) == 1:
        return user.values[0]
    return next((each for each in user.values if each.lower() == name.strip().lower()), name)
