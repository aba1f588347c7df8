"""
Tests of L{balws.workers}.
"""
