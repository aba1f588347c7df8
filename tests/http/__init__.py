"""
Tests of L{balws.http}.
"""
