"""
Tests of L{balws.server.tree}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from twisted.web.static import Data, File
from zope.interface import implementer

from balws.errors import ListenerError
from balws.server.tree import Paths, Tree, segments
from tests.server.peers import Peer, body, fields, head, status


class Leaf(Resource):
    """
    Says what is behind it and what is ahead.
    """

    isLeaf = True

    def __init__(self, name: bytes = b"leaf") -> None:
        super().__init__()
        self.name = name

    def render_GET(self, request: Any) -> bytes:
        return b"%s %s %s" % (self.name, b"|".join(request.prepath), b"|".join(request.postpath))


class Branch(Leaf):
    """
    The same, and may have children.
    """

    isLeaf = False


class Listing(Resource):
    """
    Finds a child for every name.
    """

    def getChild(self, path: bytes, request: Any) -> Any:
        return Data(b"child " + path, "text/plain")


@implementer(IResource)
class Own:
    """
    A resource that derives from nothing.
    """

    isLeaf = False

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        return Data(b"own" + path, "text/plain")


class SegmentTests(SynchronousTestCase):
    """
    L{segments}.
    """

    def test_segments(self) -> None:
        """
        A path is its segments, in UTF-8; the root has none.
        """
        self.assertEqual(segments("/"), ())
        self.assertEqual(segments("/a"), (b"a",))
        self.assertEqual(segments("/a/bü"), (b"a", b"b\xc3\xbc"))

    def test_noPaths(self) -> None:
        """
        What does not begin with a slash, ends with one, or has two in a row, is refused
        with the path in the text.
        """
        for path in ("", "a", "a/b", "/a/", "//", "//a", "/a//b"):
            error = self.assertRaises(ListenerError, segments, path)
            self.assertIn(repr(path), str(error))


class TreeTests(SynchronousTestCase):
    """
    Requests that look for a resource.
    """

    def setUp(self) -> None:
        self.tree = Tree()
        self.tree.active = True

    def ask(self, path: str, tree: Any = None) -> bytes:
        site = Site(self.tree if tree is None else tree, reactor=MemoryReactorClock())
        answer = Peer(site).send(head(f"GET {path} HTTP/1.1", Connection="close")).answer
        self.assertNotEqual(answer, b"")
        return answer

    def assertFinds(self, path: str, expected: bytes) -> None:
        self.assertEqual(body(self.ask(path)), expected)

    def assertMissing(self, path: str, expected: int = 404) -> None:
        self.assertEqual(status(self.ask(path)), expected)

    def test_nothing(self) -> None:
        """
        Where nothing is attached the answer is 404, in the reference library's words.
        """
        answer = self.ask("/a")
        self.assertEqual(status(answer), 404)
        self.assertIn(b"No service found to handle the service request", answer)
        self.assertMissing("/")

    def test_longestFirst(self) -> None:
        """
        The longest path that fits answers, whatever was attached first.
        """
        for path in ("/a/b", "/", "/a", "/a/b/c/d"):
            self.tree.paths.attach(path, Leaf(path.encode()))
        self.assertFinds("/a/b/c", b"/a/b a|b c")
        self.assertFinds("/a/b", b"/a/b a|b ")
        self.assertFinds("/a/x", b"/a a x")
        self.assertFinds("/a", b"/a a ")
        self.assertFinds("/a/b/c/d/e", b"/a/b/c/d a|b|c|d e")
        self.assertFinds("/x/y", b"/  x|y")

    def test_manySegments(self) -> None:
        """
        A path of thousands of segments costs no more look-ups than the longest that is attached.
        """
        paths = Paths()
        for path in ("/", "/a", "/a/b"):
            paths.attach(path, Leaf())
        asked: list[int] = []

        class Segments(list[bytes]):
            def __getitem__(self, key: Any) -> Any:
                asked.append(key.stop)
                return super().__getitem__(key)

        for path, length in (([b""] * 4000, 0), ([b"a"] * 4000, 1), ([b"a", b"b"] * 2000, 2)):
            asked.clear()
            found = paths.find(Segments(path))
            assert found is not None
            self.assertEqual(found[1], length)
            self.assertEqual(asked, list(range(2, length - 1, -1)))

    def test_wholeSegments(self) -> None:
        """
        A path fits by whole segments, and by case.
        """
        self.tree.paths.attach("/chat", Leaf())
        for path in ("/chats", "/cha", "/Chat", "/CHAT", "/x/chat", "/chat%20", "/chat;a=b"):
            self.assertMissing(path)

    def test_trailingSlash(self) -> None:
        """
        A leaf sees the empty segment of a slash at the end; the slash of a page that has no
        child for it means the page.
        """
        self.tree.paths.attach("/leaf", Listing())
        self.tree.paths.attach("/page", Branch())
        self.assertFinds("/leaf/", b"child ")
        self.assertFinds("/page/", b"leaf page ")
        self.assertFinds("/page", b"leaf page ")
        self.assertMissing("/page/x")
        self.assertMissing("/page//")

    def test_emptyChild(self) -> None:
        """
        A page that has a child for the slash keeps it.
        """
        page = Branch()
        page.putChild(b"", Leaf(b"index"))
        self.tree.paths.attach("/page", page)
        self.assertFinds("/page/", b"index page| ")

    def test_root(self) -> None:
        """
        A resource at the root answers everything that nothing else does; a page there
        answers the root alone.
        """
        self.tree.paths.attach("/", Branch(b"root"))
        self.tree.paths.attach("/a", Leaf(b"a"))
        self.assertFinds("/", b"root  ")
        self.assertFinds("/a", b"a a ")
        self.assertMissing("/b")

    def test_children(self) -> None:
        """
        What a resource has below it is found as Twisted finds it.
        """
        page = Branch()
        page.putChild(b"x", Leaf(b"x"))
        self.tree.paths.attach("/a/b", page)
        self.assertFinds("/a/b/x/y", b"x a|b|x y")

    def test_otherResources(self) -> None:
        """
        What finds its children in a way of its own, or is no L{Resource} at all, sees the
        slash at the end.
        """

        class Finding(Branch):
            def getChildWithDefault(self, path: bytes, request: Any) -> Any:
                return Data(b"found " + path, "text/plain")

        self.tree.paths.attach("/finding", Finding())
        self.tree.paths.attach("/own", Own())
        self.assertFinds("/finding/", b"found ")
        self.assertFinds("/own/", b"own")

    def test_deeper(self) -> None:
        """
        A site may itself be a part of another one.
        """
        root = Resource()
        root.putChild(b"sub", self.tree)
        self.tree.paths.attach("/a", Leaf())
        self.tree.otherwise = Leaf(b"own")
        self.assertEqual(body(self.ask("/sub/a/x", root)), b"leaf sub|a x")
        self.assertEqual(body(self.ask("/sub/b/x", root)), b"own sub b|x")

    def test_encodedSlash(self) -> None:
        """
        An encoded slash is part of a name and separates nothing.
        """
        self.tree.paths.attach("/a", Leaf(b"a"))
        self.tree.paths.attach("/a/b", Leaf(b"a/b"))
        self.assertMissing("/a%2Fb")
        self.assertFinds("/%61/b", b"a/b a|b ")

    def test_dotSegments(self) -> None:
        """
        Dots are names like others: nobody climbs out with them.
        """
        self.tree.paths.attach("/a", Leaf(b"a"))
        self.tree.paths.attach("/secret", Leaf(b"secret"))
        for path in ("/../secret", "/./secret", "/%2e%2e/secret", "//secret"):
            self.assertMissing(path)
        self.assertFinds("/a/../secret", b"a a ..|secret")
        self.assertFinds("/a/%2e%2e/secret", b"a a ..|secret")

    def test_unicode(self) -> None:
        """
        Paths are UTF-8.
        """
        self.tree.paths.attach("/süß", Leaf(b"found"))
        self.assertFinds("/s%C3%BC%C3%9F", b"found s\xc3\xbc\xc3\x9f ")
        self.assertMissing("/s%FC%DF")

    def test_attachTwice(self) -> None:
        """
        A path has one owner.
        """
        self.tree.paths.attach("/a", Leaf())
        error = self.assertRaises(ListenerError, self.tree.paths.attach, "/a", Leaf())
        self.assertIn("'/a'", str(error))
        self.assertFinds("/a", b"leaf a ")

    def test_detach(self) -> None:
        """
        What was detached is not found any more, and its path is free.
        """
        self.tree.paths.attach("/a", Leaf())
        self.tree.paths.detach("/a")
        self.assertMissing("/a")
        self.tree.paths.attach("/a", Leaf(b"other"))
        self.assertFinds("/a", b"other a ")

    def test_inactive(self) -> None:
        """
        A tree that is not active is as if nothing were attached.
        """
        self.tree.paths.attach("/a", Leaf())
        self.tree.active = False
        self.assertMissing("/a")
        self.assertIsNone(self.tree.find([b"a"]))
        self.tree.otherwise = Leaf(b"own")
        self.assertFinds("/a", b"own  a")

    def test_find(self) -> None:
        """
        The longest front of a path can be asked for without a request.
        """
        short, long = Leaf(), Leaf()
        self.tree.paths.attach("/a", short)
        self.tree.paths.attach("/a/b", long)
        self.assertEqual(self.tree.find([b"a", b"c"]), (short, 1))
        self.assertEqual(self.tree.find([b"a", b"b", b"c"]), (long, 2))
        self.assertIsNone(self.tree.find([b"c"]))

    def test_otherwise(self) -> None:
        """
        An existing site's root answers the rest as it did before, and hears as much of the
        path as it did.
        """
        root = Branch(b"root")
        root.putChild(b"own", Leaf(b"own"))
        tree = Tree(root)
        tree.active = True
        tree.paths.attach("/a", Leaf(b"a"))
        for path in ("/own/x", "/", "/x", "/own", "/own/"):
            self.assertEqual(body(self.ask(path, tree)), body(self.ask(path, root)))
        self.assertEqual(body(self.ask("/own/x", tree)), b"own own x")
        self.assertEqual(body(self.ask("/a/x", tree)), b"a a x")

    def test_leafOtherwise(self) -> None:
        """
        A site whose root is a leaf goes on to see whole paths.
        """
        tree = Tree(Leaf(b"app"))
        self.assertEqual(body(self.ask("/x/y", tree)), b"app  x|y")

    def test_trees(self) -> None:
        """
        Two listeners may share one site.
        """
        self.tree.otherwise = notFound()
        outer = Tree(self.tree)
        outer.active = True
        self.tree.paths.attach("/inner", Branch(b"inner"))
        outer.paths.attach("/outer", Branch(b"outer"))
        for path, expected in (
            ("/inner", b"inner inner "),
            ("/inner/", b"inner inner "),
            ("/outer", b"outer outer "),
        ):
            self.assertEqual(body(self.ask(path, outer)), expected)
        self.assertEqual(status(self.ask("/x", outer)), 404)


class FileTests(SynchronousTestCase):
    """
    Folders beside services.
    """

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        (folder / "sub").mkdir(parents=True)
        (folder / "index.html").write_text("start")
        (folder / "sub" / "page.txt").write_text("page")
        (folder.parent / "secret.txt").write_text("secret")
        self.tree = Tree()
        self.tree.active = True
        self.folder = File(str(folder))

    def ask(self, path: str) -> bytes:
        site = Site(self.tree, reactor=MemoryReactorClock())
        # HEAD: a file is sent by the reactor.
        return Peer(site).send(head(f"HEAD {path} HTTP/1.1", Connection="close")).answer

    def assertLength(self, path: str, length: int) -> None:
        answer = self.ask(path)
        self.assertEqual((status(answer), fields(answer)["content-length"]), (200, [str(length)]))

    def test_root(self) -> None:
        """
        A folder at the root answers what no service does.
        """
        self.tree.paths.attach("/", self.folder)
        self.tree.paths.attach("/chat", Leaf(b"chat!"))
        self.assertLength("/", 5)
        self.assertLength("/index.html", 5)
        self.assertLength("/sub/page.txt", 4)
        self.assertEqual(status(self.ask("/chat")), 200)
        self.assertEqual(status(self.ask("/missing")), 404)

    def test_below(self) -> None:
        """
        A folder below the root redirects to its own path, since it knows where it was found.
        """
        self.tree.paths.attach("/files/public", self.folder)
        self.assertLength("/files/public/sub/page.txt", 4)
        for path in ("/files/public", "/files/public/sub"):
            answer = self.ask(path)
            self.assertEqual(status(answer), 302)
            self.assertEqual(fields(answer)["location"], [f"{path}/"])

    def test_traversal(self) -> None:
        """
        Nobody leaves the folder.
        """
        self.tree.paths.attach("/files", self.folder)
        for path in (
            "/files/../secret.txt",
            "/files/%2e%2e/secret.txt",
            "/files/..%2fsecret.txt",
            "/files/sub/../../secret.txt",
            "/files/%2e%2e%2fsecret.txt",
            "/files//../secret.txt",
        ):
            self.assertIn(status(self.ask(path)), (403, 404), path)

    def test_oddNames(self) -> None:
        """
        Names that no file can have are 404 and nothing in the log.
        """
        self.tree.paths.attach("/", self.folder)
        for path in (
            "/%00",
            "/index.html%00.txt",
            "/sub/%00",
            "/" + "x" * 3000,
            "/%FF%FE",
            "/%5c..%5cx",
            "/con",
        ):
            self.assertEqual(status(self.ask(path)), 404, path)

    def test_oddNamesForOthers(self) -> None:
        """
        A leaf, and an existing site, make of such names what they like.
        """
        self.tree.otherwise = Leaf(b"own")
        self.tree.paths.attach("/a", Leaf(b"a"))
        site = Site(self.tree, reactor=MemoryReactorClock())
        for path, expected in (("/a/%00", b"a a \0"), ("/a/%FF", b"a a \xff"), ("/b/%00", b"own  b|\0")):
            peer = Peer(site).send(head(f"GET {path} HTTP/1.1", Connection="close"))
            self.assertEqual(body(peer.answer), expected)
