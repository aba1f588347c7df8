"""
Tests of C{balws.client.typed}.
"""
