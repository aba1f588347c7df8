"""
The tests of balws, in the order of its parts.
"""
