"""
Tests of L{balws.client}.
"""
