"""
Tests of L{balws.auth.http}.
"""
