"""
RFC 6455 on a transport: frames, sizes, compression, control frames, closing.

The only package that knows Autobahn.  It takes over a connection whose upgrade
request was already validated, and speaks with the session above it through
L{balws.interfaces.ISession}.
"""
