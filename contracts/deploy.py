"""Bringing a ledger into being: contracts, founding members, parameters, and the handing over.

Decides the order: the Directory, the other contracts, their names in the Directory, parameters,
founders in the given order (the first becomes member 1), then ``open()``, after which the deployer
has no power and its key is of no use. What does not rest on each other goes in one block. Refuses
a ledger without founders, and reports a ledger as made only after it was read back and found to be
what was asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.abi import keccak, lower_address
from contracts.calls import Admission, Call, Calls
from contracts.chain import Chain
from contracts.events import DIRECTORY
from contracts.interfaces import CONTRACTS, constructor_of, creation_code
from contracts.reader import FINALITY_DEPTH, Ledger
from contracts.writer import Account
from core.errors import NotTrusted, Refused, UsageError

Founder = Admission
"""A founding member; the same as a member to be admitted later."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A ledger that was made: origin, addresses by contract, member ids by endpoint."""

    origin: str
    contracts: Mapping[str, str]
    members: Mapping[str, int]


class ThrowAwaySigner:
    """The deployer's key: made from randomness, used for the deployment, forgotten.

    Args:
        secret: 32 random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        from coincurve import PrivateKey

        try:
            self._key = PrivateKey(secret)
        except ValueError:
            raise UsageError("deployer_key", "deployer key: expected 32 random bytes") from None
        point = self._key.public_key.format(compressed=False)[1:]
        self._address = "0x" + keccak(point)[12:].hex()

    @property
    def address(self) -> str:
        """The account's address."""
        return self._address

    def sign_digest(self, digest: bytes, *, use: Any) -> bytes:
        """Return r ‖ s ‖ recovery id; ``use`` is of no account here."""
        del use
        return self._key.sign_recoverable(digest, hasher=None)


def deploy(
    chain: Chain,
    founders: Sequence[Founder],
    secret: bytes,
    parameters: Mapping[str, int] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Make a ledger on ``chain``, hand it over to its founders, and check it.

    Args:
        secret: 32 random bytes for the deployer's account, to be forgotten afterwards.
        parameters: ledger parameters; ``finality_depth`` is 0 unless given.
        tell: is told each step, for progress.

    Raises:
        LedgerRefused: a founder's entry is not acceptable; nothing is open then.
    """
    if not founders:
        raise Refused("no_founders", "a ledger needs at least one founding member")
    signer = ThrowAwaySigner(secret)
    tell("contracts")
    contracts = _create_all(chain, signer)
    ledger = Ledger(chain, contracts["directory"], contracts)
    calls, account = Calls(contracts), Account(ledger, signer)
    named = [calls.set_contract(name, at) for name, at in contracts.items() if name != DIRECTORY]
    values = {FINALITY_DEPTH: 0, **(parameters or {})}
    account.transact_all([*named, *(calls.set_parameter(*value) for value in values.items())])
    tell("members")
    account.transact_all([calls.found(founder) for founder in founders])
    tell("opening")
    account.transact(calls.open_ledger())
    return _verified(chain, contracts, founders)


def _create_all(chain: Chain, signer: ThrowAwaySigner) -> dict[str, str]:
    """Create every contract, in one block where they fit; return their addresses.

    An address follows from sender and nonce, so each is known before the contract is there.
    """
    nothing_yet = Ledger(chain, signer.address, {})
    account, first = Account(nothing_yet, signer), nothing_yet.nonce(signer.address)
    made = {
        name: _created_address(signer.address, first + number)
        for number, name in enumerate(CONTRACTS)
    }
    account.transact_all(
        [
            Call("", creation_code(name) + constructor_of(name).encode(_arguments(name, made)))
            for name in CONTRACTS
        ]
    )
    for name, at in made.items():
        if not chain.code(at):
            raise Refused("not_created", f"the {name} contract could not be created")
    return made


def _arguments(contract: str, made: Mapping[str, str]) -> tuple[str, ...]:
    """What a contract is built on: the members on the Directory, all others on the members."""
    if contract == DIRECTORY:
        return ()
    return (made[DIRECTORY if contract == "members" else "members"],)


def _created_address(sender: str, nonce: int) -> str:
    from web3 import Web3
    from web3.types import Nonce
    from web3.utils import get_create_address

    return lower_address(get_create_address(Web3.to_checksum_address(sender), Nonce(nonce)))


def _verified(
    chain: Chain, contracts: Mapping[str, str], founders: Sequence[Founder]
) -> Deployment:
    ledger = Ledger.open(chain, contracts["directory"])
    members = {founder.endpoint: ledger.member_of(founder.operating) for founder in founders}
    as_asked = ledger.contracts == contracts and list(members.values()) == list(
        range(1, len(founders) + 1)
    )
    if not as_asked:
        raise NotTrusted("not_as_asked", "the ledger that was made is not the one asked for")
    return Deployment(ledger.origin, dict(contracts), members)
