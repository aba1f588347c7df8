"""
Tests of L{balws.auth.users}.
"""
