"""
The extension in C against its twin in Python and against a plain reading of RFC 6455.
"""
