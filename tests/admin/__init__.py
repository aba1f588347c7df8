"""
Tests of C{balws.admin}.
"""
