"""
Several processes that share the ports of one service, and the one that keeps them.
"""
