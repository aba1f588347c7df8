"""
Tests of L{balws.wire}.
"""
