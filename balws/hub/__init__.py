"""
Who is connected, and how one message reaches many.
"""
