"""
Tests of L{balws.auth.ldap}.
"""
