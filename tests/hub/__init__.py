"""
Tests of the hub.
"""
