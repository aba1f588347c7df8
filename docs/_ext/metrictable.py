# -*- test-case-name: tests.test_reference -*-
"""
What C{/metrics} of the admin endpoint tells: L{balws.admin.metrics}.
"""

from __future__ import annotations

from docstrings import listTable, paragraph

from balws.admin.metrics import METRICS

__all__ = ["metricTable"]


def metricTable() -> list[str]:
    """
    @return: every metric with its kind, its labels and its meaning.
    """
    rows = [
        (f"``{each.name}``", each.kind, ", ".join(f"``{label}``" for label in each.labels), paragraph(each.meaning))
        for each in METRICS
    ]
    return listTable(("Metric", "Kind", "Labels", "Meaning"), (38, 12, 14, 36), rows)
