"""What a request presents to prove who asks, whatever it is worth.

Belongs here: where a credential may stand in a request. Does not: whether it is good (keys, oidc, gate).
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from fastapi import Request

from serving.api.access.keys import PREFIX

# More than any token in use; longer ones are not worth hashing or parsing.
_LONGEST = 8192
# Names under which other services take credentials in a URL; a URL is kept by proxies, histories and logs.
_CREDENTIAL_PARAMETERS = frozenset({"key", "api_key", "apikey", "token", "access_token", "id_token", "authorization"})
_KEY_IN_TEXT = re.compile(rf"{PREFIX}_[0-9a-f]+_", re.IGNORECASE)


def bearer_token(request: Request) -> str:
    """The token of the one `Authorization: Bearer` header; empty, which no check lets pass, where there is no such.

    Empty too where the URL holds a credential, even beside a good header: it has leaked, and must not go on working.
    """
    headers = request.headers.getlist("authorization")
    if len(headers) != 1 or is_credential_in_url(request):
        return ""
    scheme, _, token = headers[0].partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and len(token) <= _LONGEST else ""


def is_credential_in_url(request: Request) -> bool:
    """Whether the URL holds what looks like a credential, by a parameter's name or the shape of a key anywhere."""
    names = {name.lower() for name in request.query_params}
    return bool(
        names & _CREDENTIAL_PARAMETERS
        or _KEY_IN_TEXT.search(unquote_plus(request.url.query))
        or _KEY_IN_TEXT.search(request.url.path)
    )
