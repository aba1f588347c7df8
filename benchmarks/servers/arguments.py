"""
What a server is told on its command line.
"""

from __future__ import annotations

import argparse
import ssl


def parsed() -> argparse.Namespace:
    """
    @return: C{port}; C{maxSize}, the largest frame in bytes; C{ping}, after how many seconds it pings, or
        L{None} for its default; C{certificate}, a list of two files, or L{None}; C{reactor}, whether
        it runs under our own.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--max-size", type=int, default=65536, dest="maxSize")
    parser.add_argument("--ping", type=float)
    parser.add_argument("--certificate", nargs=2)
    parser.add_argument("--reactor", action="store_true")
    return parser.parse_args()


def tls(certificate: list[str] | None) -> ssl.SSLContext | None:
    """
    @return: what asyncio's servers take.
    """
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context
