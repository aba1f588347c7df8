"""
Tests of C{balws.asyncapi}.
"""
