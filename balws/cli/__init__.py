"""
The command C{balws}.
"""
