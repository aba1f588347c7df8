"""
Services for the tests of the wire.  This folder is on the server's path: they are named
without a package.
"""
