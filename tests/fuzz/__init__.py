"""
A fuzzer of balws in memory: no sockets, no reactor, time that only the fuzzer moves.

Each session is made from one integer.  C{python -m tests.fuzz --help} tells how to run it.
"""
