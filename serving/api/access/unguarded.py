"""No data without a caller: the last look at an answer before it leaves.

Belongs here: stopping an answer that no gate was asked about. Does not: deciding who may have it (gate). A route that
forgot `requires` fails here for everybody, whatever the tests say.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SUCCESS = range(200, 300)


class UnguardedAnswerError(RuntimeError):
    """A route that is not public answered a request nobody had authenticated."""


class UnguardedAnswers:
    """Middleware that lets a successful answer out only for a caller who was admitted, or from a public path."""

    def __init__(self, app: ASGIApp, public: frozenset[str]) -> None:
        self._app = app
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The router takes `/health` and a newline for `/health` (its patterns end in `$`): so must this, or a stranger
        # could have the log say at will that a route forgot its scope.
        if scope["type"] != "http" or scope["path"].removesuffix("\n") in self._public:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def guarded(message: Message) -> None:
            is_answer = message["type"] == "http.response.start" and message["status"] in _SUCCESS
            if is_answer and not state.get("is_admitted"):
                raise UnguardedAnswerError("a route answers without requires(scope); add it, or name the path public")
            await send(message)

        await self._app(scope, receive, guarded)
