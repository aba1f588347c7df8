"""
Tests of L{balws.demo}.
"""
