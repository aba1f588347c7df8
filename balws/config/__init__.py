# -*- test-case-name: tests.config -*-
"""
Configuration: frozen records with the seeds' names, and the file that fills them.

Keyword arguments, records and mappings are three ways into the same types::

    ListenerConfiguration(timeout=10, requestLimits={"maxUriLength": 2048})
    build(ListenerConfiguration, {"timeout": 10, "requestLimits": {"maxUriLength": 2048}})

Whatever does not fit is a L{balws.errors.ConfigurationError}.
"""

from __future__ import annotations

from balws.config.client import ClientConfiguration, Cookie, WebSocketRetryConfig
from balws.config.entries import Configuration, ListenerEntry, ResourceEntry, ServiceEntry
from balws.config.listener import (
    KEEPALIVE_ALWAYS,
    KEEPALIVE_AUTO,
    KEEPALIVE_NEVER,
    MAX_PIPELINED_REQUESTS,
    KeepAlive,
    ListenerConfiguration,
    ListenerHttp1Settings,
    RequestLimitConfigs,
)
from balws.config.load import loadFile, loadText
from balws.config.records import build, override
from balws.config.secret import Secret
from balws.config.service import WSServiceConfig

__all__ = [
    "KEEPALIVE_ALWAYS",
    "KEEPALIVE_AUTO",
    "KEEPALIVE_NEVER",
    "MAX_PIPELINED_REQUESTS",
    "ClientConfiguration",
    "Configuration",
    "Cookie",
    "KeepAlive",
    "ListenerConfiguration",
    "ListenerEntry",
    "ListenerHttp1Settings",
    "RequestLimitConfigs",
    "ResourceEntry",
    "Secret",
    "ServiceEntry",
    "WSServiceConfig",
    "WebSocketRetryConfig",
    "build",
    "loadFile",
    "loadText",
    "override",
]
