"""
Tests of L{balws.auth.jwt}.
"""
