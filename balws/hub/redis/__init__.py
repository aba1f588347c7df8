"""
The way to the hubs of other nodes over Redis.

L{balws.hub.redis.link} asks, L{balws.hub.redis.listening} listens; both keep a connection up by
L{balws.hub.redis.line}.  txredisapi, an extra of balws that imports the reactor, is imported by
L{balws.hub.redis.protocol} alone: import these modules when a hub with a C{url} is made, and
not before.
"""
