"""
Tests of L{balws.auth.oauth2}.
"""
