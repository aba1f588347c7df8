# -*- test-case-name: tests.tls -*-
"""
Who is at the other end, and how that is kept from everybody else.
"""
