"""
Tests of L{balws.hub}.
"""
