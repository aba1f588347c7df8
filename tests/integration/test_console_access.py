"""
Tests of the live console: its figures, and whether everybody can use it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.integration.console import TOKEN, ConsoleCase, Scheme
from tests.integration.needed import missing


class FigureTests(ConsoleCase):
    """
    How figures come about.
    """

    def setUp(self) -> None:
        """
        Open the page, for its scripts.
        """
        super().setUp()
        self.page = self.visit(f"http://{self.place}/")

    def evaluate(self, module: str, code: str) -> Any:
        """
        @param code: an expression that has what the module exports as C{m}.
        """
        return self.page.evaluate(f"async () => {{ const m = await import('/{module}'); return {code}; }}")

    def test_words(self) -> None:
        """
        Figures are short, whatever their size, and none of them says what is not known.
        """
        expected = {
            "count": {0: "0", 999: "999", 1000: "1,000", 9999999: "9,999,999", 10000000: "10.0 M", 2500000000: "2.5 G"},
            "rate": {0: "0", 0.25: "0.3", 9.94: "9.9", 9.95: "10", 1234.5: "1,235", None: "–"},
            "bytes": {0: "0 B", 999: "999 B", 1000: "1.0 kB", 99940: "99.9 kB", 99950: "100 kB", 999500: "1.0 MB"},
            "age": {-1: "0 s", 0.9: "0 s", 59: "59 s", 60: "1 m 00 s", 3600: "1 h 00 m", 100000: "1 d 03 h"},
            "kind": {"1000": "normal", "1001": "normal", "1006": "lost", "1008": "fault", "4xxx": "own", "3000": "own"},
        }
        for function, cases in expected.items():
            found = self.evaluate("words.js", f"{json.dumps(list(cases))}.map(m.{function})")
            self.assertEqual(found, list(cases.values()), function)
        codes = [999, 1000, 1003, 1004, 1006, 1007, 1011, 1012, 2999, 3000, 4999, 5000]
        sendable = self.evaluate("words.js", f"{codes}.filter(m.isSendable)")
        self.assertEqual(sendable, [1000, 1003, 1007, 1011, 3000, 4999])

    def test_rates(self) -> None:
        """
        A rate is what came since the snapshot before, or in the last five seconds; after a restart, and after
        ten seconds without a snapshot, it is not known.
        """
        steps = [[10, 0], [11, 4], [12, 4], [22, 14], [32.5, 20], [33, 25], [34, 0], [35, 1]]
        for span, expected in ((0, [None, 4, 0, 1, None, 10, None, 1]), (5, [None, 4, 2, 1, None, 10, None, 1])):
            code = f"""((rates) => {steps}.map(([at, n]) => rates.take(
                at, {{ received: n, sent: 0, receivedBytes: 0, sentBytes: 0 }}).received))(new m.Rates({span}))"""
            self.assertEqual(self.evaluate("history.js", code), expected)

    def test_history(self) -> None:
        """
        Five minutes are kept, and a gap where nobody watched; a service that was restarted begins anew.
        """
        code = """((points) => %s.map((at) => (points.add({ at, n: at }), points.list.length)))(new m.Points())"""
        self.assertEqual(self.evaluate("history.js", code % [1, 11, 22, 301, 302, 5]), [1, 2, 4, 6, 6, 1])
        spread = "((points) => (%s.forEach((n, at) => points.add({ at, n })), points.spread('n')))(new m.Points())"
        self.assertIsNone(self.evaluate("history.js", spread % "[null]"))
        self.assertEqual(
            self.evaluate("history.js", spread % "[4, null, 1, 7]"), {"now": 7, "lowest": 1, "mean": 4, "highest": 7}
        )

    def test_endings(self) -> None:
        """
        What ended before the page watched is counted in all and in no picture; then each ending stands in
        its five seconds, by its kind.
        """
        steps = [
            [1, {"1000": 5}],
            [2, {"1000": 6}],
            [4, {"1000": 6, "1006": 2}],
            [6, {"1000": 6, "1006": 2, "1008": 1}],
        ]
        code = f"""((endings) => {{
            for (const [at, closed] of {json.dumps(steps)}) endings.take(at, [{{ closed }}]);
            return [endings.all, endings.recent(), endings.stretches(5)];
        }})(new m.Endings())"""
        self.assertEqual(
            self.evaluate("history.js", code),
            [
                {"1000": 6, "1006": 2, "1008": 1},
                {"1000": 1, "1006": 2, "1008": 1},
                [
                    {"at": 0, "normal": 1, "lost": 2, "fault": 0, "own": 0},
                    {"at": 5, "normal": 0, "lost": 0, "fault": 1, "own": 0},
                ],
            ],
        )


def axe() -> str:
    """
    @return: the source of axe-core, which finds what people with other senses or hands stumble over.
    """
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        file = Path(folder) / "axe-core" / "axe.min.js"
        if folder and file.is_file():
            return file.read_text("utf-8")
    missing("npm's axe-core")
    raise AssertionError


class AccessTests(ConsoleCase):
    """
    For everybody.
    """

    def focused(self, page: Any) -> str:
        """
        @return: the id of what has the focus.
        """
        return str(page.evaluate("document.activeElement.id"))

    def test_keyboard(self) -> None:
        """
        Without a mouse: a link leads past the figures, / to the search, Tab to each table, arrows from row to
        row, Enter into a connection, and Escape back to where one was.
        """
        peers = [self.peer() for _ in range(3)]
        page = self.open()
        self.awaitText(page, "#now-connections", "3")
        page.reload()  # it stays signed in, and nothing has the focus
        self.awaitText(page, "#now-connections", "3")
        page.keyboard.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.className"), "skip")
        page.keyboard.press("Enter")
        self.assertEqual(self.focused(page), "connections")
        page.keyboard.press("/")
        self.assertEqual(self.focused(page), "search")
        page.keyboard.type("/rooms")
        self.assertEqual(page.input_value("#search"), "/rooms")
        rows = "[...document.querySelectorAll('#connections-table tbody tr')]"
        row = f"{rows}.indexOf(document.activeElement.closest('tr'))"
        for _ in range(5):  # the heads that sort, as many as there is room for, then the rows
            page.keyboard.press("Tab")
            if page.evaluate(row) == 0:
                break
        seen = []
        for key in ("ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "PageDown"):
            page.keyboard.press(key)
            seen.append(page.evaluate(row))
        self.assertEqual(seen, [1, 2, 2, 1, 0, 2])
        name = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        page.locator("#detail[open]").wait_for()
        self.assertEqual(page.text_content("#detail-title"), f"Connection {name}")
        page.keyboard.press("Escape")
        self.assertEqual(page.evaluate("document.activeElement.textContent"), name)
        peers[0].close()
        self.awaitText(page, "#now-connections", "2")
        self.assertEqual(page.evaluate("document.activeElement.textContent"), name)
        for wanted in ("services-table", "groups-search", "groups-table"):
            for _ in range(3):
                page.keyboard.press("Tab")
                if page.evaluate(f"!!document.activeElement.closest('#{wanted}')"):
                    break
            self.assertTrue(page.evaluate(f"!!document.activeElement.closest('#{wanted}')"), wanted)
        page.keyboard.press("ArrowRight")
        self.assertEqual(page.evaluate("document.activeElement.getAttribute('aria-label')"), "Kick the group lobby")
        self.assertClean(self.place)

    def test_axe(self) -> None:
        """
        Nothing serious stands in anybody's way: when signing in, over the whole console, in its dialogs, in
        light and in dark.
        """
        source = axe()
        self.peer()

        def check(page: Any, where: str) -> None:
            page.evaluate(source)
            found = page.evaluate("async () => await axe.run()")
            self.assertIn("color-contrast", {each["id"] for each in found["passes"]}, where)
            serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
            self.assertEqual(serious, [], f"{where}: {json.dumps(serious, indent=1)[:3000]}")

        schemes: tuple[Scheme, ...] = ("light", "dark")
        for scheme in schemes:
            page = self.visit(f"http://{self.place}/", scheme)
            page.locator("#login").wait_for()
            check(page, f"{scheme}, signing in")
            page.fill("#token", TOKEN)
            page.keyboard.press("Enter")
            page.locator("#connections-table tbody tr").wait_for()
            page.click("summary")
            check(page, f"{scheme}, console")
            page.set_viewport_size({"width": 360, "height": 780})
            check(page, f"{scheme}, console on a telephone")
            page.set_viewport_size({"width": 1200, "height": 900})
            page.click("#connections-table tbody button")
            page.locator("#detail[open]").wait_for()
            check(page, f"{scheme}, connection")
            page.click("#detail-kick")
            check(page, f"{scheme}, kick")
            page.close()
        self.assertClean(self.place)

    def test_fits(self) -> None:
        """
        On no screen is a word cut, is there a hole beside the lists, or does a button stand alone on its line; with
        nobody there, and with somebody whose group has a long name.
        """
        page = self.open()
        cut = """[...document.querySelectorAll(
            "header *, h2, h3, .panel p, #totals *, .side :is(th, td, button, .clamp), thead th, #hold")]
            .filter((each) => each.offsetParent && !each.closest(".unseen"))
            .filter((each) => getComputedStyle(each).display !== "inline" && each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.textContent)"""
        middles = "['leave', 'state'].map((id) => document.getElementById(id).getBoundingClientRect())"
        middles += ".map((box) => box.y + box.height / 2)"
        ends = "['connections', 'codes-table'].map((id) => document.getElementById(id).closest('.panel'))"
        ends += ".map((panel) => Math.round(panel.getBoundingClientRect().bottom))"
        for people in (0, 1):
            if people:
                self.peer("a-group-whose-name-is-longer-than-its-column-is-wide").close(4001)
                self.peer("a-group-whose-name-is-longer-than-its-column-is-wide")
                self.awaitText(page, "#codes-table tbody th", "4xxx code of the application")
            self.awaitText(page, "#now-connections", str(people))
            for width in (1600, 1280, 1024, 768, 390, 360):
                page.set_viewport_size({"width": width, "height": 900})
                where = f"{width} px, {people} connected"
                self.assertEqual(page.evaluate(cut), [], where)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, where)
                one, other = page.evaluate(middles)
                self.assertLess(abs(one - other), 2, where)
                if width >= 1280:
                    self.assertEqual(len(set(page.evaluate(ends))), 1, where)
        self.assertClean(self.place)

    def test_look(self) -> None:
        """
        The console fits every screen, and nothing moves while its figures change; the pictures stay beside
        the tests' log to be looked at.
        """
        self.peer()
        places = "JSON.stringify([...document.querySelectorAll('.panel, .strip, th, header > *, .figures *')].map("
        places += "(each) => { const box = each.getBoundingClientRect(); return [box.x, box.y, box.width]; }))"
        sizes: dict[str, tuple[Scheme, int, int]] = {
            "light": ("light", 1600, 1000),
            "dark": ("dark", 1280, 800),
            "narrow": ("light", 390, 844),
            "small": ("dark", 360, 780),
        }
        for name, (scheme, width, height) in sizes.items():
            page = self.open(scheme)
            page.set_viewport_size({"width": width, "height": height})
            self.awaitText(page, "#now-in", "0")  # two snapshots
            page.screenshot(path=f"console-{name}.png", full_page=True)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, name)
            found: tuple[str, str] = ("", "changed")
            for _ in range(3):  # a connection may become ten seconds old just then
                before, age = page.evaluate(places), page.text_content("#uptime")
                page.wait_for_function("(before) => document.getElementById('uptime').textContent !== before", arg=age)
                found = page.evaluate(places), before
                if found[0] == found[1]:
                    break
            self.assertEqual(*found, name)
            page.close()
        self.assertClean(self.place)
