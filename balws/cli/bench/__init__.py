# -*- test-case-name: tests.cli.test_bench -*-
"""
C{balws bench}: a quick load test.
"""

from balws.cli.bench.options import Bench

__all__ = ["Bench"]
