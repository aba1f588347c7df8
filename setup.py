"""
Everything that installing balws needs is said here, and nowhere a second time.
"""

import os
from pathlib import Path

from setuptools import Extension, find_packages, setup

here = Path(__file__).parent
version: dict = {}
exec((here / "balws" / "_version.py").read_text("utf-8"), version)

# Its twin in Python is balws/wire/plain.py, which serves where this cannot be built, or with
# BALWS_PURE=1 shall not be.
native = Extension(
    "balws.wire._speed",
    ["balws/wire/_speed.c"],
    extra_compile_args=["-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
    optional=True,
)

setup(
    name="balws",
    version=version["__version__"].public(),
    description="WebSocket services for Twisted: upgrade services, remote methods, data binding, broadcast",
    long_description=(here / "README.rst").read_text("utf-8"),
    long_description_content_type="text/x-rst",
    license="MIT",
    author="the balws developers",
    python_requires=">=3.11",
    # The packages, and the folder of the plugin: it has no __init__.py, for it is Twisted's.
    packages=[*find_packages(include=["balws", "balws.*"]), "twisted.plugins"],
    ext_modules=[] if os.environ.get("BALWS_PURE") else [native],
    package_data={
        "balws": ["py.typed"],
        "balws.wire": ["_speed.pyi"],
        "balws.asyncapi": ["*.css"],
        "balws.cli": ["scaffold/*"],
        "balws.admin.console": ["*.html", "*.js", "*.css", "*.svg"],
        "balws.demo": ["*.html", "*.js", "*.css", "*.svg"],
    },
    entry_points={"console_scripts": ["balws = balws.cli.command:main"]},
    zip_safe=False,
    # The lowest versions are installed and tested by the environment "mindeps".
    install_requires=[
        "attrs>=24.2",
        # A connection that is taken over leans on private state of its protocol: each
        # month's release is tried before it is allowed here.
        "autobahn>=26.10.1,<26.11",
        "cryptography>=50",
        "defusedxml>=0.7.1",
        "h11>=0.16",
        "incremental>=24.7.2",
        "ldap3>=2.9.1",
        "msgspec>=0.22",
        "pyjwt>=2.15",
        "pyopenssl>=26.4",
        "service-identity>=24.2",
        "treq>=24.9",
        "twisted>=26.4",
        "zope.interface>=7.0.1",
    ],
    extras_require={
        "argon2": ["argon2-cffi>=23.1"],
        "docs": ["codespell>=2.4", "furo>=2025.7", "prometheus-client>=0.20", "pydoctor>=25.10", "sphinx>=8"],
        "metrics": ["prometheus-client>=0.20"],
        "redis": ["txredisapi>=1.6"],
        "yaml": ["pyyaml>=6.0.1"],
        "dev": [
            "argon2-cffi>=23.1",
            "aiohttp>=3.10",
            "build>=1.2",
            "coverage>=7.10",
            "furo>=2025.7",
            "hypothesis>=6.100",
            "import-linter>=2.1",
            "mypy>=2.4",
            "mypy-zope>=1.0.14",
            "playwright>=1.50",
            "prometheus-client>=0.20",
            "pyyaml>=6.0.1",
            "ruff>=0.12",
            "setuptools>=77",
            "sphinx>=8",
            "towncrier>=24.8",
            "txredisapi>=1.6",
            "types-defusedxml>=0.7",
            "types-pyyaml>=6.0",
            "websockets>=15",
            "wheel>=0.43",
            "wsproto>=1.2",
        ],
    },
    classifiers=[
        "Framework :: Twisted",
        "Intended Audience :: Developers",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Topic :: Internet :: WWW/HTTP",
        "Typing :: Typed",
    ],
)
