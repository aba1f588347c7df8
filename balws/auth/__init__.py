"""
Who is it?  Checkers of credentials for listeners (L{twisted.cred}), and credentials for
our own requests.
"""
