"""
Tests of the live console: what an operator sees and does.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.integration.console import TOKEN, ConsoleCase, forward
from tests.integration.crowd import Crowd
from tests.waiting import PATIENCE

#: A name that would be markup, and would turn around what stands behind it, were it not text.
HOSTILE = "<img src=x onerror=alert(1)>\u202etxt"


class OperatorTests(ConsoleCase):
    """
    What an operator sees and does.
    """

    def test_thousand(self) -> None:
        """
        With 1,000 connections: the table shows them, the search finds one, a message reaches its peer,
        a kick closes it with the code and the reason, rates move.
        """
        Crowd(self, self.port, 999)
        ada = self.peer("engines")
        page = self.open()
        self.awaitText(page, "#now-connections", "1,000")
        self.awaitText(page, "#connections-shown", "100 of 1,000 connections")
        self.assertEqual(page.locator("#connections-table tbody tr").count(), 100)
        page.click("#more")
        self.awaitText(page, "#connections-shown", "200 of 1,000 connections")
        page.wait_for_function("() => Number(document.getElementById('now-in').textContent) > 20")
        self.assertRegex(page.text_content("#now-bytes-in"), r"^\d[\d.]* k?B/s$")
        self.awaitText(page, "#groups-table tbody th", "crowd")
        self.awaitText(page, "#groups-table tbody td", "999")

        page.fill("#search", "engines")
        self.awaitText(page, "#connections-shown", "1 of 1 connection that fit")
        page.click("#connections-table tbody button")
        page.locator("#detail[open]").wait_for()
        self.assertIn("engines", page.text_content("#detail-facts"))
        page.click("#detail-send")
        page.fill("#send-text", "Tea is ready: <b>ünd</b>")
        page.click("#send [type=submit]")
        self.assertEqual(ada.recv(PATIENCE), "Tea is ready: <b>ünd</b>")
        self.awaitText(page, "#toast", "Sent to 1 connection")

        page.click("#detail-kick")
        page.fill("#kick-code", "1006")
        page.click("#kick [type=submit]")
        self.awaitText(page, "#kick .failure", "This code cannot be sent.")
        page.fill("#kick-code", "4001")
        page.fill("#kick-reason", "good night")
        page.click("#kick [type=submit]")
        with self.assertRaises(ConnectionClosed) as raised:
            ada.recv(PATIENCE)
        closed = raised.exception.rcvd
        self.assertEqual(closed and (closed.code, closed.reason), (4001, "good night"))
        self.awaitText(page, "#detail-state", "has ended")
        self.assertTrue(page.is_disabled("#detail-kick"))
        page.keyboard.press("Escape")
        page.locator("#detail:not([open])").wait_for(state="attached")
        self.awaitText(page, "#connections-empty", "No connection fits “engines”.")
        self.awaitText(page, "#now-connections", "999")
        self.awaitText(page, "#codes-table tbody th", "4xxx code of the application")
        self.assertIn("1 with 4xxx", page.get_attribute("#chart-closed svg", "aria-label"))
        self.assertClean(self.place)

    def test_groupsAndServices(self) -> None:
        """
        A message goes to a whole group; a kick of a service closes everybody's connection.
        """
        ada, grace, alan = self.peer("engines"), self.peer("engines"), self.peer()
        page = self.open()
        page.fill("#groups-search", "eng")
        self.awaitText(page, "#groups-count", "1")
        page.click("[aria-label='Send a message to the group engines']")
        page.fill("#send-text", "Hello, engines.")
        page.keyboard.press("Control+Enter")
        for each in (ada, grace):
            self.assertEqual(each.recv(PATIENCE), "Hello, engines.")
        page.locator("#send:not([open])").wait_for(state="attached")
        page.click("[aria-label='Kick everybody at /rooms']")
        self.assertEqual(page.text_content("#kick [type=submit]"), "Kick 3 connections")
        page.click("#kick [type=submit]")
        for each in (ada, grace, alan):
            with self.assertRaises(ConnectionClosed) as raised:
                each.recv(PATIENCE)
            self.assertEqual(raised.exception.rcvd and raised.exception.rcvd.code, 1008)
        self.awaitText(page, "#connections-empty", "Nobody is connected. Whoever comes stands here within a second.")
        self.assertClean(self.place)

    def test_nobody(self) -> None:
        """
        Where nobody is connected nothing can be sent and nobody kicked: the buttons do nothing, can be reached by
        key, and say why; they are of use as soon as somebody comes.
        """
        page = self.open()
        self.awaitText(page, "#now-connections", "0")
        for label in ("Send a message to everybody at /rooms", "Kick everybody at /rooms"):
            button = page.locator(f"[aria-label='{label}']")
            self.assertEqual(button.get_attribute("aria-disabled"), "true")
            why = page.text_content(f"#{button.get_attribute('aria-describedby')}")
            self.assertEqual(why, "Not possible now: nobody is connected to it.")
            self.assertEqual(button.get_attribute("title"), why)
            button.focus()
            page.keyboard.press("Enter")
            button.click(force=True)  # Playwright takes the attribute at its word, too
            page.wait_for_timeout(200)
            self.assertEqual(page.locator("dialog[open]").count(), 0)
        self.peer()
        page.click("[aria-label='Kick everybody at /rooms']:not([aria-disabled], [aria-describedby], [title])")
        page.locator("#kick[open]").wait_for()
        self.assertClean(self.place)

    def test_wrongTokens(self) -> None:
        """
        Who mistypes the token of the console is no wrong login of the service; it stands beside these, when there
        is any.
        """
        page = self.open()
        tile = page.locator("#totals div", has_text="Wrong logins")
        self.assertEqual(" ".join(tile.text_content().split()), "Wrong logins0")
        page.click("#leave")
        page.fill("#token", "x" * 16)
        page.keyboard.press("Enter")
        page.locator("#login-failure", has_text="This is not the token").wait_for()
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        tile.locator(".also", has_text="admin").wait_for()
        self.assertRegex(" ".join(tile.text_content().split()), r"^Wrong logins0 · admin [12]$")
        self.assertNotIn("wrong", tile.get_attribute("class"))
        self.assertClean(self.place)

    def test_hostile(self) -> None:
        """
        What a peer calls itself is text, and what cannot be seen of it is written out.
        """
        self.peer(HOSTILE)
        page = self.open()
        self.awaitText(page, "#groups-table tbody th", "<img src=x onerror=alert(1)>\\u202etxt")
        self.assertEqual(page.locator("main img").count(), 0)
        page.click("#connections-table tbody button")
        self.assertIn("\\u202etxt", page.text_content("#detail-facts"))
        self.assertClean(self.place)


class StateTests(ConsoleCase):
    """
    What the console says of itself.
    """

    def test_token(self) -> None:
        """
        A wrong token is told plainly, also one that a browser cannot send; the right one opens the console
        and is kept for the tab, until the operator signs out.
        """
        page = self.visit(f"http://{self.place}/")
        for token, words in (("analytical engine", "A browser cannot send it"), ("x" * 16, "This is not the token")):
            page.fill("#token", token)
            page.keyboard.press("Enter")
            page.locator("#login-failure", has_text=words).wait_for()
            self.assertEqual(page.input_value("#token"), "")
        self.assertEqual(page.get_attribute("#token", "type"), "password")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        page.locator("#state[data-state=ready]").wait_for()
        page.reload()
        page.locator("#state[data-state=ready]").wait_for()
        page.click("#leave")
        page.locator("#login").wait_for()
        self.assertEqual(page.evaluate("sessionStorage.length"), 0)
        page.reload()
        page.locator("#login").wait_for()
        self.assertEqual([address for address in self.asked if TOKEN in address], [])
        self.assertClean(self.place)

    def test_restart(self) -> None:
        """
        When the service ends the console says so, with the time of its figures; when it is back the console
        is live again by itself.
        """
        self.peer()
        page = self.open()
        self.awaitText(page, "#now-connections", "1")
        self.server.stop()
        page.locator("#state[data-state=lost]").wait_for()
        page.locator("#notice", has_text="Trying again in").wait_for()
        self.assertIn("The figures are those of", page.text_content("#notice"))
        self.assertEqual(page.text_content("#said"), "Connection lost, trying again")
        page.click("#again")  # it tries at once, and nobody is there
        self.server = self.start()
        page.locator("#state[data-state=ready]").wait_for(timeout=60_000)
        self.awaitText(page, "#now-connections", "0")
        self.assertEqual(page.text_content("#said"), "Connected")
        self.assertClean(self.place)

    def test_troubles(self) -> None:
        """
        A service that drains, one that does not reach its other nodes and one that says nothing any more are
        told from one that is well; an order whose answer was lost is told as such.
        """
        self.peer()
        page = self.visit(f"http://{self.place}/")
        changes: dict[str, Any] = {}
        sockets: list[Any] = []

        def between(socket: Any) -> None:
            server = socket.connect_to_server()
            sockets.append(socket)
            server.on_message(lambda message: pass_on(socket, json.loads(message)))

        def pass_on(socket: Any, event: Any) -> None:
            if event["event"] == "snapshot" and not changes.get("silent"):
                event["summary"].update(state=changes.get("state", "ready"))
                event["summary"]["hub"].update(problem="Redis\x1b[31m does not answer")
                socket.send(json.dumps(event))

        page.route_web_socket(re.compile("/live$"), between)
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        for state, name, word in (("ready", "ready", "Live"), ("draining", "draining", "Draining")):
            changes.update(state=state)
            page.locator(f"#state[data-state={name}]").wait_for()
            self.assertEqual(page.text_content("#state"), word)
        changes.update(state="degraded")
        page.locator("#state[data-state=degraded]").wait_for()
        self.assertEqual(
            page.text_content("#notice"), "Other nodes cannot be reached: Redis\\u001b[31m does not answer"
        )
        page.click("[aria-label='Kick the group lobby']")
        page.click("#kick [type=submit]")
        changes.update(silent=True)
        page.locator("#state[data-state=quiet]").wait_for()
        self.assertRegex(page.text_content("#notice"), r"^The service has said nothing for \d+ s\.$")
        sockets[0].close(code=3000)
        page.locator("#kick .failure", has_text="it may be done, or not").wait_for()
        page.keyboard.press("Escape")
        changes.update(silent=False, state="ready")
        page.locator("#state[data-state=ready]").wait_for()
        self.assertIn(len(sockets), (2, 3, 4))
        sockets[-1].close(code=4429, reason="20 consoles are open already")
        self.awaitText(page, "#state", "Too many consoles")
        self.assertEqual(page.text_content("#notice"), "20 consoles are open already")
        before = len(sockets)
        page.click("#again")
        page.locator("#state[data-state=ready]").wait_for()
        self.assertEqual(len(sockets), before + 1)

    def test_noToken(self) -> None:
        """
        Where no token is asked for, as on a socket that only its owner opens, the console connects at once.
        """
        self.server.stop()
        folder = Path(tempfile.mkdtemp())  # the path of a socket has room for a hundred characters only
        self.addCleanup(shutil.rmtree, folder)
        self.configure(f'endpoint = "unix:{folder}/admin.sock"')
        self.server = self.start()
        forward(self, self.adminPort, folder / "admin.sock")
        page = self.visit(f"http://{self.place}/")
        page.locator("#state[data-state=ready]").wait_for()
        self.assertTrue(page.is_hidden("#login"))
        self.assertTrue(page.is_hidden("#leave"))
        self.assertClean(self.place)
