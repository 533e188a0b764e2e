"""Bringing a ledger into being: contracts, founding members, parameters, and the handing over.

Decides the order: the Directory, the other contracts, their names in the Directory, parameters,
founders in the given order (the first becomes member 1), then ``open()``, after which the deployer
has no power and its key is of no use. Refuses a ledger without founders, and reports a ledger as
made only after it was read back and found to be what was asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.abi import keccak
from contracts.calls import Admission, Call, Calls
from contracts.chain import Chain
from contracts.interfaces import CONTRACTS, constructor_of, creation_code
from contracts.reader import FINALITY_DEPTH, Ledger
from contracts.writer import Account, gas_for, send, sign, wait
from core.errors import NotTrusted, Refused, UsageError

Founder = Admission
"""A founding member; the same as a member to be admitted later."""

_ON_MEMBERS: Final = tuple(name for name in CONTRACTS if name not in ("directory", "members"))


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
    for name in CONTRACTS:
        if name != "directory":
            account.transact(calls.set_contract(name, contracts[name]))
    for name, value in {FINALITY_DEPTH: 0, **(parameters or {})}.items():
        account.transact(calls.set_parameter(name, value))
    for number, founder in enumerate(founders, 1):
        tell(f"member {number} of {len(founders)}")
        account.transact(calls.found(founder))
    tell("opening")
    account.transact(calls.open_ledger())
    return _verified(chain, contracts, founders)


def _create_all(chain: Chain, signer: ThrowAwaySigner) -> dict[str, str]:
    contracts = {"directory": _create(chain, signer, "directory")}
    contracts["members"] = _create(chain, signer, "members", contracts["directory"])
    for name in _ON_MEMBERS:
        contracts[name] = _create(chain, signer, name, contracts["members"])
    return contracts


def _create(chain: Chain, signer: ThrowAwaySigner, contract: str, *arguments: Any) -> str:
    """Create one contract; return its address."""
    web3 = chain.web3
    call = Call("", creation_code(contract) + constructor_of(contract).encode(arguments))
    nonce = int(web3.eth.get_transaction_count(web3.to_checksum_address(signer.address)))
    gas = gas_for(chain, call, signer.address)
    sent = send(chain, sign(call, nonce, chain.chain_id, gas, signer))
    receipt = wait(Ledger(chain, signer.address, {}), sent)
    address: str = web3.eth.get_transaction_receipt(sent)["contractAddress"].lower()  # type: ignore[arg-type,union-attr]
    if not receipt.succeeded or not chain.code(address):
        raise Refused("not_created", f"the {contract} contract could not be created")
    return address


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
