"""The network, seen: a page, the same as JSON, and feeds.

Everybody may read it, without JavaScript and without a key. Decides how long an answer may be kept:
a few seconds, and then an ``ETag`` says whether anything has changed. A question that cannot be
asked gets a sentence and 400, on the page as in the API.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core import codes
from core.encoding import compact_json
from core.errors import ComityError, NotFound, Unavailable, UsageError
from core.runtime.problems import from_error
from verifier.feeds import ATOM_TYPE, JSON_TYPE, atom_feed, feed_of, json_feed
from verifier.network import Network
from verifier.render_network import (
    OUTCOMES,
    RUNGS,
    THROUGH,
    coverage_words,
    evidence_words,
    named,
    names_of,
    question_words,
    sectors_words,
)
from verifier.web.api import desk

blueprint = APIBlueprint("network", __name__)
_NETWORK: Final = Tag(name="network")
_SECONDS: Final = 5
_ASKED: Final = ("standard", "sector", "market", "at")

Text = Annotated[str, StringConstraints(max_length=200)]


class NetworkQuery(BaseModel):
    """What is asked of a network; empty is not asked."""

    model_config = ConfigDict(extra="forbid")

    standard: Text | None = Field(None, description="Who may certify to it? With a year or without")
    sector: Text | None = Field(None, description="Only in this sector, 01 to 39.")
    market: Text | None = Field(None, description="Only for this economy, two letters.")
    at: Text | None = Field(None, description="Day or moment (UTC) asked about, instead of now.")
    ledger: Text | None = Field(None, description="Which ledger, where several are followed.")


class FeedQuery(BaseModel):
    """What a feed is about; empty is everything."""

    model_config = ConfigDict(extra="forbid")

    subject: Text | None = Field(None, description="As policy, alert, member/3, arrangement/1.")
    ledger: Text | None = Field(None, description="Which ledger, where several are followed.")


class FeedPath(BaseModel):
    """Which form."""

    form: str = Field(description="json or atom")


class MemberFeedPath(FeedPath):
    """Which member's, in which form."""

    member: int = Field(ge=1, lt=2**32)


@blueprint.get(
    "/v1/network",
    tags=[_NETWORK],
    summary="The network, and who is accepted where",
)
def get_network(query: NetworkQuery) -> Response:
    """Return members, keys, accreditations, arrangements, votes, policies, alerts and notices."""
    _require_once()
    found = desk().network(_asked(query), query.ledger or None)
    return _public(compact_json(found.dump()), "application/json")


@blueprint.get(
    "/feeds/network.<form>",
    tags=[_NETWORK],
    summary="What happened in the network, newest first",
)
def get_feed(path: FeedPath, query: FeedQuery) -> Response:
    """Return a feed of the network."""
    return _feed(path.form, None, query)


@blueprint.get(
    "/feeds/members/<int:member>.<form>",
    tags=[_NETWORK],
    summary="What concerns one member",
)
def get_member_feed(path: MemberFeedPath, query: FeedQuery) -> Response:
    """Return a feed of one member."""
    return _feed(path.form, path.member, query)


@blueprint.get("/network", doc_ui=False)
def page() -> Response:
    """Show the network; a question that cannot be asked gets a sentence."""
    words = {name: request.args.get(name, "").strip() for name in (*_ASKED, "ledger")}
    found, refusal, status = None, "", 200
    try:
        if request.args.keys() - words.keys():
            raise UsageError("request_form", "the address asks for something that is not known")
        _require_once()
        asked = NetworkQuery(**words)
        found = desk().network(_asked(asked), words["ledger"] or None)
    except (UsageError, NotFound, Unavailable) as refused:
        refusal, status = _told(refused)
    except ValueError:  # longer than any of these can be
        refusal, status = "a field of the form is too long", 400
    return make_response(render_template("network.html", **_shown(found, words, refusal)), status)


def _shown(found: Network | None, words: dict[str, str], refusal: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "words": words,
        "refusal": refusal,
        "standards": sorted(codes.standard_families() | codes.standards().keys()),
        "sectors": codes.sectors().values(),
        "found": found,
        "origins": desk().sources.origins,
    }
    if found is None:
        return given
    names = names_of(found)
    whose: Callable[[int], str] = lambda number: named(names, number)  # noqa: E731
    return given | {
        "listing": found.listing,
        "evidence": evidence_words(found, desk().clock()),
        "asked": question_words(found) if found.question.standard is not None else "",
        "whose": whose,
        "outcomes": OUTCOMES,
        "through": THROUGH,
        "rungs": RUNGS,
        "sectors_words": sectors_words,
        "coverage_words": coverage_words,
    }


def _require_once() -> None:
    """Refuse an address that asks one thing twice: which of the two is meant?"""
    if any(len(request.args.getlist(name)) > 1 for name in request.args):
        raise UsageError("request_form", "the address asks one thing twice")


def _asked(query: NetworkQuery) -> dict[str, str | None]:
    return {name: (getattr(query, name) or "").strip() or None for name in _ASKED}


def _told(refused: ComityError) -> tuple[str, int]:
    problem = from_error(refused)
    return problem.detail, problem.status


def _feed(form: str, member: int | None, query: FeedQuery) -> Response:
    if form not in ("json", "atom"):
        raise NotFound("not_found", "a feed ends in .json or .atom")
    _require_once()
    with desk().evidence(query.ledger or None) as evidence:
        feed = feed_of(evidence, member, query.subject or "")
    if form == "json":
        return _public(json_feed(feed), JSON_TYPE)
    asked = {name: text for name, text in query.model_dump().items() if text}
    address = f"{request.path}?{urlencode(asked)}" if asked else request.path
    return _public(atom_feed(feed, address), ATOM_TYPE)


def _public(body: bytes, content_type: str) -> Response:
    response = Response(body, content_type=content_type)
    response.set_etag(sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"  # public for programs in browsers too
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request)
    return response
