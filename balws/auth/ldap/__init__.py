"""
Users of a directory, by LDAP.
"""
