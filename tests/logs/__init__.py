"""
Tests of L{balws.logs}.
"""
