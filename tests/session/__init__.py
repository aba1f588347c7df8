"""
Tests of L{balws.session}.
"""
