"""
Users of a file.
"""
