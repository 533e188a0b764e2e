"""What the API is compared with: a Flask application that checks one signature and no more."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, Response, jsonify, request

_CONTENT = b"a token of the usual length".ljust(3_700, b".")


def create_app() -> Flask:
    """Return the application (for gunicorn)."""
    app = Flask(__name__)
    private = ec.derive_private_key(7, ec.SECP256R1())
    key, method = private.public_key(), ec.ECDSA(hashes.SHA256())
    signature = private.sign(_CONTENT, method)

    @app.post("/v1/checks")
    def check() -> Response:
        request.get_data()
        key.verify(signature, _CONTENT, method)
        return jsonify({"verified": True})

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    return app
