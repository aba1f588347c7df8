"""
The conversation on a connection: which method takes a message, in what order, and
what becomes of its answer.
"""
