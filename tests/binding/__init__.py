"""
Tests of L{balws.binding}.
"""
