"""
Tests of L{balws.auth}.
"""
