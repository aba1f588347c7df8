"""
Tests of the rows of the reliability catalogue: raw sockets against twistd.
"""
