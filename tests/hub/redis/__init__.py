"""
Tests of L{balws.hub.redis}.
"""
