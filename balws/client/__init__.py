# -*- test-case-name: tests.client -*-
"""
The client's side: from a URL to messages, over one connection or over as many as it takes.
"""
