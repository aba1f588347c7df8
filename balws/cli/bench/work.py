# -*- test-case-name: tests.cli.test_bench_load -*-
"""
What a load test is to do.
"""

from __future__ import annotations

import attrs

__all__ = ["Work"]


@attrs.frozen
class Work:
    """
    @ivar connections: how many.
    @ivar rate: messages a second of all together; 0 is as many as are answered.
    @ivar seconds: for how long messages are sent.
    @ivar payload: what each message is.
    @ivar pipeline: how many messages of a connection may wait for their answers.
    @ivar isAnswered: whether each message has one answer.
    """

    connections: int
    rate: float
    seconds: float
    payload: str | bytes
    pipeline: int = 1
    isAnswered: bool = True
