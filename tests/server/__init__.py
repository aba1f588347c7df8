"""
Tests of L{balws.server}.
"""
