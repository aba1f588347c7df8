"""
An issuer that publishes its keys, in memory.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.web.http_headers import Headers

from balws.errors import AuthUnavailableError, ConfigurationError
from balws.http.answer import Answer

URL = "https://issuer.example/keys"


class PublishingIssuer:
    """
    Stands in the place of L{balws.auth.backend.BackEnd}.

    @ivar asked: how many times it was asked.
    @ivar answer: what it says: a document, bytes, a status with its first document, an
        exception, or L{None} for nothing yet.
    @ivar pending: questions without answer.
    """

    name = "issuer.example:443"

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.asked = 0
        self._document = json.dumps({"keys": list(keys)}).encode()
        self.answer: Any = self._document
        self.pending: list[Deferred[Answer]] = []
        self.reloaded = 0
        self.isBroken = False
        self.closed = 0

    def __call__(self, url: str, clientConfig: Any, reactor: Any, maxBody: int = 0) -> PublishingIssuer:
        """
        Stands in the place of the class.
        """
        self.url, self.clientConfig, self.maxBody = url, clientConfig, maxBody
        return self

    def fetch(self) -> Deferred[Answer]:
        """
        See L{balws.auth.backend.BackEnd}.
        """
        self.asked += 1
        question: Deferred[Answer] = Deferred(self._forget)
        self.pending.append(question)
        if self.answer is not None:
            self.say(self.answer)
        return question

    def _forget(self, question: Deferred[Answer]) -> None:
        self.pending.remove(question)
        question.errback(AuthUnavailableError("not asked any more"))

    def say(self, answer: Any) -> None:
        """
        Answer all questions.
        """
        questions, self.pending = self.pending, []
        for each in questions:
            if isinstance(answer, Exception):
                each.errback(answer)
            elif isinstance(answer, int):
                each.callback(Answer(status=answer, headers=Headers(), body=self._document))
            else:
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                each.callback(Answer(status=200, headers=Headers(), body=body))

    def reload(self) -> None:
        """
        See L{balws.auth.backend.BackEnd}.
        """
        if self.isBroken:
            raise ConfigurationError("the file cannot be read", "cert")
        self.reloaded += 1

    def close(self) -> Deferred[None]:
        """
        See L{balws.auth.backend.BackEnd}.
        """
        self.closed += 1
        return succeed(None)
