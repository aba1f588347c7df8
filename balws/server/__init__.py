"""
HTTP until the upgrade: the port, the request limits, the resource tree, the gate,
and the application's C{get}.
"""
