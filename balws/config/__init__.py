# -*- test-case-name: tests.config -*-
"""
Configuration: frozen records with the seeds' names, and the file that fills them.

Keyword arguments, records and mappings are three ways into the same types::

    ListenerConfiguration(timeout=10, requestLimits={"maxUriLength": 2048})
    build(ListenerConfiguration, {"timeout": 10, "requestLimits": {"maxUriLength": 2048}})

Whatever does not fit is a L{balws.errors.ConfigurationError}.
"""

from __future__ import annotations

from balws.config.admin import AdminConfiguration
from balws.config.auth import (
    AuthEntry,
    CheckerWithScopes,
    FileUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    LdapUserStoreConfigWithScopes,
    OAuth2IntrospectionConfigWithScopes,
)
from balws.config.backend import (
    BackEndSecureSocket,
    HttpClientConfig,
)
from balws.config.cache import (
    CacheConfig,
)
from balws.config.client import ClientConfiguration, Cookie, WebSocketRetryConfig
from balws.config.clientauth import (
    BearerTokenConfig,
    CredentialsConfig,
)
from balws.config.entries import Configuration, ListenerEntry, ResourceEntry, ServiceEntry
from balws.config.hub import HistoryConfig, HubConfiguration
from balws.config.jwt import (
    IssuerSignatureConfig,
    JwksConfig,
    JwtIssuerConfig,
    JwtValidatorConfig,
    PrivateKeyFile,
    PrivateKeyInStore,
    TrustStoreConfig,
    ValidatorSignatureConfig,
)
from balws.config.ldap import (
    LdapSecureSocket,
    LdapUserStoreConfig,
)
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
from balws.config.oauth2 import (
    AUTH_HEADER_BEARER,
    INFER_REFRESH_CONFIG,
    POST_BODY_BEARER,
    CredentialBearer,
    OAuth2ClientCredentialsGrantConfig,
    OAuth2IntrospectionConfig,
    OAuth2JwtBearerGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
    RefreshConfig,
)
from balws.config.records import build, override
from balws.config.secret import Secret
from balws.config.secure import (
    OCSP_CRL,
    OCSP_STAPLING,
    OPTIONAL,
    REQUIRE,
    CertKey,
    CertValidation,
    CertValidationType,
    ClientSecureSocket,
    KeyStore,
    ListenerSecureSocket,
    MutualSsl,
    Protocol,
    TrustStore,
    VerifyClient,
)
from balws.config.server import ServerConfiguration
from balws.config.service import WSServiceConfig
from balws.config.userstore import (
    FileUserStoreConfig,
    User,
)

__all__ = [
    "AUTH_HEADER_BEARER",
    "INFER_REFRESH_CONFIG",
    "KEEPALIVE_ALWAYS",
    "KEEPALIVE_AUTO",
    "KEEPALIVE_NEVER",
    "MAX_PIPELINED_REQUESTS",
    "OCSP_CRL",
    "OCSP_STAPLING",
    "OPTIONAL",
    "POST_BODY_BEARER",
    "REQUIRE",
    "AdminConfiguration",
    "AuthEntry",
    "BackEndSecureSocket",
    "BearerTokenConfig",
    "CacheConfig",
    "CertKey",
    "CertValidation",
    "CertValidationType",
    "CheckerWithScopes",
    "ClientConfiguration",
    "ClientSecureSocket",
    "Configuration",
    "Cookie",
    "CredentialBearer",
    "CredentialsConfig",
    "FileUserStoreConfig",
    "FileUserStoreConfigWithScopes",
    "HistoryConfig",
    "HttpClientConfig",
    "HubConfiguration",
    "IssuerSignatureConfig",
    "JwksConfig",
    "JwtIssuerConfig",
    "JwtValidatorConfig",
    "JwtValidatorConfigWithScopes",
    "KeepAlive",
    "KeyStore",
    "LdapSecureSocket",
    "LdapUserStoreConfig",
    "LdapUserStoreConfigWithScopes",
    "ListenerConfiguration",
    "ListenerEntry",
    "ListenerHttp1Settings",
    "ListenerSecureSocket",
    "MutualSsl",
    "OAuth2ClientCredentialsGrantConfig",
    "OAuth2IntrospectionConfig",
    "OAuth2IntrospectionConfigWithScopes",
    "OAuth2JwtBearerGrantConfig",
    "OAuth2PasswordGrantConfig",
    "OAuth2RefreshTokenGrantConfig",
    "PrivateKeyFile",
    "PrivateKeyInStore",
    "Protocol",
    "RefreshConfig",
    "RequestLimitConfigs",
    "ResourceEntry",
    "Secret",
    "ServerConfiguration",
    "ServiceEntry",
    "TrustStore",
    "TrustStoreConfig",
    "User",
    "ValidatorSignatureConfig",
    "VerifyClient",
    "WSServiceConfig",
    "WebSocketRetryConfig",
    "build",
    "loadFile",
    "loadText",
    "override",
]
