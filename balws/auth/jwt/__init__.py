"""
JSON Web Tokens: those that are shown to us, and our own.
"""
