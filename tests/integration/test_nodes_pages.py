"""
Tests of the pages on nodes, proxies, systemd, containers and logs for which more is needed than
Python, and of the files that they show.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests import ROOT
from tests.certificates import selfSigned
from tests.commands import asCommand, environment
from tests.documents.blocks import blocksOf
from tests.documents.walk import Walk
from tests.integration.needed import missing
from tests.integration.redisserver import RedisCase
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

HOWTO = ROOT / "docs" / "howto"
FILES = HOWTO / "files"

#: An address of this machine that is not the usual one.
ELSEWHERE = "127.0.0.2"


def shown(page: str, language: str, words: str) -> str:
    """
    @return: the one block of a page in this language that has these words.
    """
    (found,) = (
        block.text for block in blocksOf(HOWTO / f"{page}.rst") if block.language == language and words in block.text
    )
    return found


def program(name: str) -> str:
    """
    @return: where it is.
    """
    return shutil.which(name) or str(missing(name))


def checked(test: SynchronousTestCase, command: list[str]) -> None:
    """
    A command that says whether a file is right says that it is.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    test.assertEqual(done.returncode, 0, done.stdout)


class NodesPageTests(RedisCase):
    """
    The page on several nodes, with Redis.
    """

    @inlineCallbacks
    def test_nodes(self) -> Any:
        """
        A node runs as the page says, and each of its settings is one.
        """
        self.patch(os, "environ", {**os.environ, "REDIS_PASSWORD": "engine"})
        redis = yield self.begin(durable=True)
        walk = Walk(self, HOWTO / "nodes.rst", {"redis://127.0.0.1:6379/0": redis.url})
        (walk.folder / "redis-password.txt").write_text("engine\n", "utf-8")
        yield deferToThread(walk.go)

    @inlineCallbacks
    def test_user(self) -> Any:
        """
        The user of Redis that the page shows may do all that a node does, and nothing else.
        """
        rule = shown("nodes", "none", "user chat").split()
        redis = yield self.begin(others=["--user", *rule[1:]], durable=True)
        folder, port = self.folder(), freePort()
        for name in ("news.py", "balws.toml"):
            (block,) = (block for block in blocksOf(HOWTO / "nodes.rst") if block.file == name)
            text = block.text.replace("9090", str(port)).replace("redis://127.0.0.1:6379/0", redis.url)
            (folder / name).write_text(text, "utf-8")
        with (folder / "balws.toml").open("a", encoding="utf-8") as file:
            file.write('username = "chat"\npassword = "password"\n')
        output = yield deferToThread(self.talk, folder, port)
        self.assertNotIn("#error]", output)
        self.assertNotIn("#warn]", output)
        refused = yield redis.ask("--user", "chat", "--pass", "password", "SET", "elsewhere", "1")
        self.assertIn("NOPERM", refused)

    def talk(self, folder: Path, port: int) -> str:
        """
        Say something, and come back for it.

        @return: the node's log.
        """
        server = Server(self, asCommand("twistd -n balws --config balws.toml"), port, folder)
        with connect(f"ws://127.0.0.1:{port}/news/weather", proxy=None) as peer:
            heard = []
            for words in ("Rain.", "Snow."):
                peer.send(words)
                heard.append(json.loads(peer.recv(PATIENCE)))
        position = heard[0]["position"]
        with connect(f"ws://127.0.0.1:{port}/news/weather?since={position}", proxy=None) as peer:
            self.assertEqual(json.loads(peer.recv(PATIENCE)), heard[1])
        server.stop()
        return server.output()


class StopPageTests(SynchronousTestCase):
    """
    The page on the graceful stop.
    """

    def test_stop(self) -> None:
        """
        What the page shows of the log is said, the method that runs ends, its peer is told 1001, and
        the status is 0.
        """
        walk = Walk(self, HOWTO / "graceful-stop.rst")
        walk.skip()
        port = walk.serve()
        (server,) = walk.servers
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=PATIENCE) as answer:
            self.assertEqual(answer.read(), b"ready\n")
        with connect(f"ws://127.0.0.1:{port}/work", proxy=None) as peer:
            peer.send("1")
            peer.ping().wait(PATIENCE)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(peer.recv(PATIENCE), "done")
            self.assertRaises(ConnectionClosed, peer.recv, PATIENCE)
            self.assertEqual(peer.close_code, 1001)
        self.assertEqual(server.process.wait(PATIENCE), 0)
        server.stop()
        self.assertIn(shown("graceful-stop", "none", "SIGTERM").strip(), server.output())


class ReloadPageTests(SynchronousTestCase):
    """
    The page on changes.
    """

    def test_words(self) -> None:
        """
        The log says what the page says, for a good file and for one that is wrong.
        """
        folder, port = Path(self.mktemp()).absolute(), freePort()
        folder.mkdir()
        (folder / "echo.py").write_text(
            "from balws import Service, UpgradeService\n\n\nclass EchoUpgrade(UpgradeService):\n"
            "    def get(self):\n        return Service()\n",
            "utf-8",
        )
        text = f'[[listeners]]\nport = {port}\n\n[[listeners.services]]\npath = "/"\nservice = "echo:EchoUpgrade"\n'
        (folder / "balws.toml").write_text(text, "utf-8")
        server = Server(self, asCommand("twistd -n balws --config balws.toml"), port, folder)
        for lines, words in (("", "was read again"), ('maxFrameSize = "5"\n', "stays as it was")):
            (folder / "balws.toml").write_text(text + lines, "utf-8")
            said = shown("reload", "none", words).strip().replace("/srv/chat", str(folder))
            with connect(f"ws://127.0.0.1:{port}/", proxy=None):
                pass  # it runs, and does not merely listen: a signal finds who waits for it
            server.process.send_signal(signal.SIGHUP)
            server.awaitWords(said)


class LogsPageTests(SynchronousTestCase):
    """
    The page on logs.
    """

    def test_json(self) -> None:
        """
        Each line is an object, and the page's is among them but for its time.
        """
        walk = Walk(self, HOWTO / "logs.rst")
        walk.skip()
        port = walk.serve()
        (server,) = walk.servers
        with connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as peer:
            peer.send("Hello")
            peer.recv(PATIENCE)
        server.stop()
        lines = [json.loads(line) for line in server.output().splitlines()]
        expected = json.loads(shown("logs", "none", "Somebody"))
        self.assertIn(list(expected), [list(line) for line in lines])
        self.assertIn(
            {**expected, "time": None}, [{**line, "time": None} for line in lines if line["time"][-1] == "Z"]
        )


class ProxyTests(SynchronousTestCase):
    """
    What stands in front of a node.
    """

    def node(self, extra: str = "", listener: str = "") -> tuple[Path, int]:
        """
        Start the service of the page on proxies.

        @param extra: further lines of its file.
        @param listener: further lines of its listener.
        @return: its folder and its port.
        """
        folder, port = Path(self.mktemp()).absolute(), freePort()
        folder.mkdir()
        for name in ("whoami.py", "balws.toml"):
            (block,) = (block for block in blocksOf(HOWTO / "proxy.rst") if block.file == name)
            text = block.text.replace("9090", str(port)).replace('"/whoami"', '"/chat"')
            text = text.replace('host = "127.0.0.1"\n', f'host = "127.0.0.1"\n{listener}')
            (folder / name).write_text(text + (extra if name == "balws.toml" else ""), "utf-8")
        Server(self, asCommand("twistd -n balws --config balws.toml"), port, folder)
        return folder, port

    def whoami(self, url: str, port: int, **options: Any) -> str:
        """
        @return: who I am, for the service, when I come from another address.
        """
        line = socket.create_connection(("127.0.0.1", port), PATIENCE, (ELSEWHERE, 0))
        with connect(url, sock=line, proxy=None, **options) as peer:
            return str(peer.recv(PATIENCE))

    def test_nginx(self) -> None:
        """
        Through nginx with the file of the page the service knows who came, and that he came by TLS.
        """
        nginx = program("nginx")
        folder, port = self.node()
        outside = freePort()
        selfSigned("chat.example").write(folder, "chat.example")
        text = (FILES / "chat.nginx").read_text("utf-8")
        for there, here in (
            ("/etc/ssl/chat.example.key", str(folder / "chat.example.key")),
            ("/etc/ssl/chat.example.crt", str(folder / "chat.example.crt")),
            ("listen 443", f"listen 127.0.0.1:{outside}"),
            ("127.0.0.1:9090", f"127.0.0.1:{port}"),
            ("127.0.0.1:9091", f"127.0.0.1:{freePort()}"),
        ):
            self.assertIn(there, text)
            text = text.replace(there, here)
        places = "".join(
            f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{places}{text}}}\n",
            "utf-8",
        )
        command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
        checked(self, [*command, "-t"])
        Server(self, command, outside, folder)
        told = self.whoami("wss://chat.example/chat", outside, ssl=_trustingAll())
        self.assertEqual(told, f"{ELSEWHERE} wss")
        told = self.whoami(
            "wss://chat.example/chat",
            outside,
            ssl=_trustingAll(),
            additional_headers={"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"},
        )
        self.assertEqual(told, f"{ELSEWHERE} wss")

    def test_haproxy(self) -> None:
        """
        Through HAProxy with the file of the page the service knows who came.
        """
        haproxy = program("haproxy")
        checked(self, [haproxy, "-c", "-f", str(FILES / "haproxy.cfg")])
        ready, outside = freePort(), freePort()
        folder, port = self.node(
            f'\n[[listeners]]\nport = {ready}\nhost = "127.0.0.1"\n\n[[listeners.resources]]\npath = "/ready"\n'
            'resource = "balws.server.health:ReadyResource"\n',
            "proxyProtocol = true\n",
        )
        text = (FILES / "haproxy.cfg").read_text("utf-8")
        for there, here in (
            ("maxconn 40000", "maxconn 400"),
            ("bind :443", f"bind 127.0.0.1:{outside}"),
            ("10.0.0.11:9090", f"127.0.0.1:{port}"),
            ("10.0.0.12:9090", f"127.0.0.1:{freePort()}"),
            ("port 9081", f"port {ready}"),
        ):
            self.assertIn(there, text)
            text = text.replace(there, here)
        (folder / "haproxy.cfg").write_text(text, "utf-8")
        Server(self, [haproxy, "-f", str(folder / "haproxy.cfg")], outside, folder)
        for _ in range(2):
            self.assertEqual(self.whoami(f"ws://127.0.0.1:{outside}/chat", outside), f"{ELSEWHERE} ws")


def _trustingAll() -> Any:
    from ssl import CERT_NONE, SSLContext

    context = SSLContext()
    context.check_hostname = False
    context.verify_mode = CERT_NONE
    return context


class SystemdTests(SynchronousTestCase):
    """
    The page on systemd.
    """

    def test_verify(self) -> None:
        """
        systemd finds nothing wrong with the units.
        """
        analyze = program("systemd-analyze")
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        units = []
        for name in ("chat.service", "chat.socket"):
            text = (FILES / name).read_text("utf-8").replace("/srv/chat/.venv/bin/twistd", sys.executable)
            (folder / name).write_text(text, "utf-8")
            units.append(str(folder / name))
        done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_activation(self) -> None:
        """
        With the socket of the unit the service is served on a port that it did not open, and systemd is
        told when it is ready and when it stops.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        for block in blocksOf(HOWTO / "container.rst"):
            if block.file == "chat.py":
                (folder / "chat.py").write_text(block.text, "utf-8")
        (folder / "balws.toml").write_text(shown("systemd", "toml", "systemd:"), "utf-8")
        (start,) = re.findall(r"^ExecStart=\S+/twistd (.*)$", (FILES / "chat.service").read_text("utf-8"), re.MULTILINE)
        telling = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(telling.close)
        telling.settimeout(PATIENCE)
        telling.bind(f"\0balws-{os.getpid()}-{freePort()}")
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
            port = listening.getsockname()[1]
            command = asCommand(f"twistd {start}")
            # As systemd does: the socket is the descriptor 3, for this process and no other.
            wrapped = (
                f"import os, sys; os.dup2({listening.fileno()}, 3); os.set_inheritable(3, True); "
                "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"
            )
            process = subprocess.Popen(
                [sys.executable, "-c", wrapped, *command],
                cwd=folder,
                env={
                    **environment(),
                    "LISTEN_FDS": "1",
                    "LISTEN_FDNAMES": "chat.socket",
                    "NOTIFY_SOCKET": "@" + telling.getsockname()[1:].decode(),
                },
                pass_fds=(listening.fileno(),),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(telling.recv(4096), b"READY=1")
        with connect(f"ws://127.0.0.1:{port}/chat", proxy=None) as peer:
            peer.send("Hello")
            self.assertEqual(peer.recv(PATIENCE), "Hello")
        process.terminate()
        self.assertEqual(telling.recv(4096), b"STOPPING=1")
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, output)


class ContainerTests(SynchronousTestCase):
    """
    The page on containers.
    """

    def setUp(self) -> None:
        """
        Read the file: an instruction a line.
        """
        text = (FILES / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
        self.instructions = [
            (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)
        ]

    def test_form(self) -> None:
        """
        Every instruction is one; the last stage installs and compiles nothing, is no superuser's, and is
        stopped by SIGTERM.
        """
        known = "FROM RUN COPY WORKDIR ENV USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT".split()  # noqa: SIM905
        words = [word for word, _ in self.instructions]
        self.assertEqual([word for word in words if word not in known], [])
        last = self.instructions[len(words) - 1 - words[::-1].index("FROM") :]
        self.assertEqual(last[0], ("FROM", "python:3.13-slim"))
        runs = " ".join(rest for word, rest in last if word == "RUN")
        self.assertNotRegex(runs, r"\b(pip|apt|apt-get)\b")
        (user,) = (rest for word, rest in last if word == "USER")
        self.assertNotIn(user, ("root", "0"))
        self.assertIn(("STOPSIGNAL", "SIGTERM"), last)
        (port,) = (int(rest) for word, rest in last if word == "EXPOSE")
        self.assertIn(f"port = {port}\n", shown("container", "toml", "/health"))

    def test_run(self) -> None:
        """
        Its command serves, and its check of health says so, and says when nobody serves.
        """
        last = dict(self.instructions)
        walk = Walk(self, HOWTO / "container.rst")
        walk.skip()
        program, *arguments = json.loads(last["ENTRYPOINT"])
        port = freePort()
        file = walk.folder / "balws.toml"
        file.write_text(re.sub(r"port = \d+", f"port = {port}", file.read_text("utf-8")), "utf-8")
        self.assertEqual(program, "twistd")
        server = Server(self, asCommand(" ".join([program, *arguments])), port, walk.folder)
        _, command = last["HEALTHCHECK"].split("CMD ")
        python, *check = json.loads(command.replace("9090", str(port)))
        self.assertEqual(python, "python")
        for status in (0, 1):
            done = subprocess.run([sys.executable, *check], capture_output=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, status, done.stderr)
            server.stop()
