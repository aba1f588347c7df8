"""
Tests of L{balws.testing}.
"""
