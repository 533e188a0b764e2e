"""A ledger for tests: three bodies of three economies on any chain that mines what it is sent.

Usage::

    with deploy_test_ledger(devchain.rpc_url) as made:
        cn, de, br = made.members
        de.operating.transact(made.calls.claim(1))       # by the member's operating account
        de.recovery.transact(made.calls.disown(root))    # by its recovery account
        store = made.store(tmp_path / "ledger.sqlite3")  # followed to the newest block

``de.operating_signer`` and its three siblings are signers of ``keys``, held in memory. All keys are
made from the member's economy and ``seed``: the same in every run, worth nothing outside a test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec

from contracts.calls import Calls, FirstKey
from contracts.chain import Chain
from contracts.deploy import Founder, deploy
from contracts.follower import Follower
from contracts.ledgerstore import LedgerStore
from contracts.reader import Ledger
from contracts.rpc import Rpc
from contracts.writer import Account
from core.events import KeyPurpose, Role
from core.issuer import did_of_endpoint
from keys.file_signer import FileAccountSigner, FileDocumentSigner
from keys.public import AccountPublic, DocumentPublic
from keys.purposes import Algorithm, Purpose

NAMES: Mapping[str, Mapping[str, str]] = {
    "CN": {"en": "Huaxin Certification", "zh": "华信认证"},
    "DE": {"en": "Rheinland Pruefstelle", "de": "Rheinland Prüfstelle"},
    "BR": {"en": "Certifica Brasil", "pt": "Certifica Brasil"},
    "FR": {"en": "Certification Lyon", "fr": "Certification Lyon"},
}
_ORDER = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}


def secret_for(curve: str, *parts: str) -> int:
    """Return a private key that depends on ``parts`` alone."""
    number = int.from_bytes(hashlib.sha512("/".join(parts).encode()).digest(), "big")
    return number % (_ORDER[curve] - 1) + 1


def account_signer(purpose: Purpose, *parts: str) -> FileAccountSigner:
    """Return an account's signer that depends on ``parts`` alone."""
    key = PrivateKey(secret_for("secp256k1", str(purpose), *parts).to_bytes(32, "big"))
    return FileAccountSigner(purpose, key, AccountPublic.of(key.public_key.format()))


def document_signer(purpose: Purpose, *parts: str) -> FileDocumentSigner:
    """Return a document signer (ES256) that depends on ``parts`` alone."""
    key = ec.derive_private_key(secret_for("p256", str(purpose), *parts), ec.SECP256R1())
    point = key.public_key().public_numbers()
    public = DocumentPublic(
        Algorithm.ES256, point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    )
    return FileDocumentSigner(purpose, key, public)


@dataclass(frozen=True)
class Body:
    """A body's entry and its keys, on a ledger or before it."""

    economy: str
    founder: Founder
    operating_signer: FileAccountSigner
    recovery_signer: FileAccountSigner
    assertion_signer: FileDocumentSigner
    share_signer: FileDocumentSigner


@dataclass(frozen=True)
class Member(Body):
    """A founding member: a body with its id and two accounts to send from."""

    id: int
    operating: Account
    recovery: Account


def body(
    economy: str,
    seed: str = "",
    endpoint: str | None = None,
    roles: Role = Role.CERTIFICATION_BODY,
) -> Body:
    """Return a body that could be admitted."""
    assertion = document_signer(Purpose.ASSERTION, economy, seed)
    share = document_signer(Purpose.SHARE, economy, seed)
    operating = account_signer(Purpose.OPERATING, economy, seed)
    recovery = account_signer(Purpose.RECOVERY, economy, seed)
    founder = Founder(
        names=json.dumps(NAMES[economy], ensure_ascii=False),
        economy=economy,
        roles=int(roles),
        endpoint=endpoint or f"https://{economy.lower()}.example",
        operating=operating.address,
        recovery=recovery.address,
        keys=(
            FirstKey(KeyPurpose.ASSERTION, assertion.public.canonical_jwk),
            FirstKey(KeyPurpose.SHARE, share.public.canonical_jwk),
        ),
    )
    return Body(economy, founder, operating, recovery, assertion, share)


@dataclass(frozen=True)
class MadeLedger:
    """A ledger with its founding members."""

    rpc_url: str
    chain: Chain
    ledger: Ledger
    calls: Calls
    members: tuple[Member, ...]

    @property
    def origin(self) -> str:
        """``comity/<chain id>/<address>``."""
        return self.ledger.origin

    def account(self, of: Body, use: Purpose = Purpose.OPERATING) -> Account:
        """Return an account to send from, also of a body that is no member."""
        signer = of.operating_signer if use is Purpose.OPERATING else of.recovery_signer
        return Account(self.ledger, signer, use)

    def store(self, path: Path) -> LedgerStore:
        """Return a store that has followed all there is by now."""
        store = LedgerStore.open(path, self.origin, did_of_endpoint)
        Follower(self.ledger, store).catch_up()
        return store


@contextmanager
def deploy_test_ledger(
    rpc_url: str,
    economies: tuple[str, ...] = ("CN", "DE", "BR"),
    seed: str = "",
    endpoints: Mapping[str, str] | None = None,
    finality_depth: int = 0,
    roles: Mapping[str, Role] | None = None,
) -> Iterator[MadeLedger]:
    """Deploy a ledger with a founding member of each economy, members 1, 2, ….

    Args:
        seed: another one gives other keys, accounts and addresses.
        endpoints: public addresses by economy; ``https://<economy>.example`` where none is given.
        roles: roles by economy; a certification body where none is given.
    """
    asking = Rpc(rpc_url)
    chain = Chain(rpc_url, int(asking.call("eth_chainId"), 16))
    asking.close()
    try:
        role = (roles or {}).get
        bodies = [
            body(e, seed, (endpoints or {}).get(e), role(e, Role.CERTIFICATION_BODY))
            for e in economies
        ]
        deployer = hashlib.sha256(f"deployer/{seed}".encode()).digest()
        made = deploy(
            chain, [b.founder for b in bodies], deployer, {"finality_depth": finality_depth}
        )
        ledger = Ledger.open(chain, made.contracts["directory"])
        members = tuple(
            Member(
                **{name: getattr(b, name) for name in Body.__dataclass_fields__},
                id=made.members[b.founder.endpoint],
                operating=Account(ledger, b.operating_signer, Purpose.OPERATING),
                recovery=Account(ledger, b.recovery_signer, Purpose.RECOVERY),
            )
            for b in bodies
        )
        yield MadeLedger(rpc_url, chain, ledger, Calls(ledger.contracts), members)
    finally:
        chain.close()
