"""Who may call the API: a bearer token with the scope that the operation needs.

Decides before anything of the request's body is read. An operation that no scope was assigned to
is open to nobody. Refuses a missing, malformed or unknown token with 401, a token without the
scope with 403. Tokens are looked up by their SHA-256, so no comparison here can be timed towards
one: a caller cannot choose the hash.
"""

import re
from collections.abc import Mapping
from typing import Final

from core.errors import Forbidden, Unauthorized
from core.runtime.logs import logger
from node.store.engine import Store
from node.tokens import Caller, Scope, caller

_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,200})")


def authorized(
    store: Store, header: str | None, operation: str, scopes: Mapping[str, Scope]
) -> Caller:
    """Return the caller, who may do what was asked.

    Args:
        header: the request's ``Authorization``.
        operation: what is asked for, a key of ``scopes``.
        scopes: the scope that each operation needs.

    Raises:
        Unauthorized: no token, or none that stands.
        Forbidden: the token lacks the scope.
    """
    match = _BEARER.fullmatch(header or "")
    if match is None:
        raise Unauthorized(
            "token_missing", "send the header Authorization: Bearer and a token",
            "comity token new makes one",
        )  # fmt: skip
    found = caller(store, match[1])
    needed = scopes.get(operation)
    if needed is None:
        raise Forbidden("scope_missing", "no token opens this operation")
    try:
        found.require(needed)
    except Forbidden:
        logger("api").warning("scope_missing", token_id=found.token_id, scope=needed.value)
        raise
    return found
