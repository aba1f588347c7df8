"""
Tests of L{balws.cli.bench.histogram}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.bench.histogram import Histogram, duration


def histogramOf(*seconds: float) -> Histogram:
    """
    @return: one with these.
    """
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    return histogram


class HistogramTests(SynchronousTestCase):
    """
    Counts in buckets.
    """

    def test_figures(self) -> None:
        """
        The least, the most and the mean are exact, percentiles to about 2 %.
        """
        histogram = histogramOf(*(number / 1000 for number in range(1, 1001)))
        self.assertEqual((histogram.count, histogram.least, histogram.most), (1000, 0.001, 1.0))
        self.assertAlmostEqual(histogram.mean, 0.5005)
        for percent in (1, 50, 90, 99, 99.9):
            self.assertLess(abs(histogram.percentile(percent) / (percent / 100) - 1), 0.025)
        self.assertEqual(histogram.percentile(100), 1.0)
        self.assertLess(abs(histogram.percentile(0) - 0.001), 0.00003)

    def test_one(self) -> None:
        """
        Of one value each percentile is it.
        """
        histogram = histogramOf(0.0123)
        self.assertEqual({histogram.percentile(each) for each in (0, 50, 100)}, {0.0123})

    def test_none(self) -> None:
        """
        Without any there is nothing to show.
        """
        histogram = Histogram()
        self.assertEqual((histogram.mean, histogram.percentile(50)), (0, 0))
        self.assertEqual((histogram.rows(), histogram.picture()), ([], []))

    def test_extremes(self) -> None:
        """
        Whatever is added is counted: nothing, less than nothing, and years.
        """
        histogram = histogramOf(0, -1, 1e-9, 1e-6, 1e9)
        self.assertEqual((histogram.count, histogram.least, histogram.most), (5, -1, 1e9))
        self.assertEqual(histogram.percentile(100), 1e9)
        self.assertEqual(sum(number for _, _, number in histogram.rows()), 5)

    def test_rows(self) -> None:
        """
        Rows lie next to each other, hold all, and are no more than was asked for.
        """
        for most in (1, 2, 7, 16):
            rows = histogramOf(0.00001, 0.001, 0.0011, 0.5, 20).rows(most)
            self.assertLessEqual(len(rows), most)
            self.assertEqual(sum(number for _, _, number in rows), 5)
            for (_, end, _), (start, _, _) in zip(rows, rows[1:], strict=False):
                self.assertEqual(end, start)
            self.assertLessEqual(rows[0][0], 0.00001)
            self.assertGreater(rows[-1][1], 20)

    def test_picture(self) -> None:
        """
        The fullest row has the longest bar; no row with any is without one.
        """
        histogram = histogramOf(*[0.001] * 1000, 0.1)
        lines = histogram.picture(10)
        self.assertTrue(lines[0].endswith("1,000  ██████████"), lines)
        self.assertTrue(lines[-1].endswith("    1  ▏"), lines)
        plain = histogram.picture(10, isUnicode=False)
        self.assertTrue(plain[0].endswith("1,000  ##########") and plain[-1].endswith("  #"), plain)
        self.assertTrue("".join(plain).isascii())
        self.assertTrue(plain[1].endswith("  0"), plain)

    def test_duration(self) -> None:
        """
        Times have the unit that suits them.
        """
        for seconds, shown in (
            (0, "0 us"),
            (0.0000123, "12.3 us"),
            (0.0009994, "999 us"),
            (0.0009996, "1 ms"),
            (0.001, "1 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1 s"),
            (999.4, "999 s"),
            (999.6, "1,000 s"),
            (0.01234, "12.3 ms"),
            (1, "1 s"),
            (59.94, "59.9 s"),
            (12345, "12,345 s"),
        ):
            self.assertEqual(duration(seconds), shown)
