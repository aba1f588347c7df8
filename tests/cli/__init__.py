"""
Tests of L{balws.cli}.
"""
