"""
Tests of L{balws.config}.
"""
