"""What can be asked of the ledger, as bytes for a transaction.

Decides how each of our moves is encoded; touches neither chain nor keys. Refuses values that the
contracts' types cannot hold. Whether the ledger allows the move, its contracts decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from contracts.abi import lower_address, types_of
from contracts.events import name_word
from contracts.interfaces import functions_of
from core.errors import FormatError


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction without its sender: where to, and the bytes."""

    to: str
    data: bytes


class Action(IntEnum):
    """What members vote on (numbers as on the ledger)."""

    ADMIT = 1
    SUSPEND = 2
    RESTORE = 3
    EXPEL = 4
    RECOVERY_ACCOUNT = 5
    PARAMETER = 6
    CODE = 7
    SEAT = 8


@dataclass(frozen=True, slots=True)
class FirstKey:
    """A key that a member brings along; see ``core.events.KeyAdded``."""

    purpose: int
    public_key: bytes
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class Admission:
    """A member to be admitted.

    Args:
        names: JSON object from language to name, as text.
        economy: two capital letters.
        roles: sum of ``core.events.Role``.
        endpoint: public address, lower case, without trailing slash.
    """

    names: str
    economy: str
    roles: int
    endpoint: str
    operating: str
    recovery: str
    keys: tuple[FirstKey, ...] = field(default=())

    def values(self) -> tuple[Any, ...]:
        """Return the struct's members as the contract orders them."""
        keys = [(key.purpose, key.public_key, key.proof) for key in self.keys]
        return (
            self.names,
            self.economy,
            self.roles,
            self.endpoint,
            lower_address(self.operating),
            lower_address(self.recovery),
            keys,
        )


@dataclass(frozen=True, slots=True)
class Declaration:
    """A status to be declared; see ``core.events.StatusDeclared``."""

    slot: bytes
    state: int
    reason: int
    effective_at: int
    until: int = 0
    linked_member: int = 0
    linked_slot: bytes = bytes(32)

    def values(self) -> tuple[Any, ...]:
        """Return the struct's members as the contract orders them."""
        return (
            self.slot,
            self.state,
            self.reason,
            self.effective_at,
            self.until,
            self.linked_member,
            self.linked_slot,
        )


@dataclass(frozen=True, slots=True)
class Accreditation:
    """What is to be said of an accreditation; see ``core.events.AccreditationDeclared``."""

    certification_body: int
    scope: str
    action: int
    effective_at: int
    reason: int = 0
    coverage: str = ""
    until: int = 0

    def values(self) -> tuple[Any, ...]:
        """Return the struct's members as the contract orders them."""
        return (
            self.certification_body,
            name_word(self.scope),
            self.action,
            self.reason,
            self.coverage,
            self.effective_at,
            self.until,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to be published, without its text; see ``core.events.NoticePublished``."""

    notice_kind: int
    subject_kind: int = 0
    subject_member: int = 0
    subject_hash: bytes = bytes(32)

    def values(self) -> tuple[Any, ...]:
        """Return the struct's members as the contract orders them."""
        return (self.notice_kind, self.subject_kind, self.subject_member, self.subject_hash)


class Calls:
    """Builds the moves of one ledger.

    Args:
        contracts: addresses by name, as ``Ledger.contracts`` holds them; looked up anew for each
            move, for a vote may put another contract in a place.
    """

    def __init__(self, contracts: Mapping[str, str]) -> None:
        self._contracts = contracts

    def anchor(self, root: bytes, size: int, fence: int) -> Call:
        """Anchor a batch (operating account)."""
        return self._call("anchors", "anchor", root, size, fence)

    def claim(self, fence: int) -> Call:
        """Claim a fence: lower ones stop anchoring (operating account)."""
        return self._call("anchors", "claim", fence)

    def disown(self, root: bytes) -> Call:
        """Disown a batch, for ever (recovery account)."""
        return self._call("anchors", "disown", root)

    def declare(self, declaration: Declaration) -> Call:
        """Declare a status (operating account)."""
        return self._call("statuses", "declare", declaration.values())

    def declare_many(self, declarations: Sequence[Declaration]) -> Call:
        """Declare several statuses, all or none (operating account)."""
        return self._call("statuses", "declareMany", [d.values() for d in declarations])

    def annul(self, slot: bytes, sequence: int) -> Call:
        """Annul a status event (recovery account)."""
        return self._call("statuses", "annul", slot, sequence)

    def add_key(self, purpose: int, public_key: bytes, proof: bytes = b"") -> Call:
        """Register a key of one's own (operating account)."""
        return self._call("keys", "add", purpose, public_key, proof)

    def revoke_key(self, thumbprint: bytes, reason: int) -> Call:
        """Revoke a key of one's own, for ever (either account)."""
        return self._call("keys", "revoke", thumbprint, reason)

    def assure_key(self, thumbprint: bytes, assurance: int) -> Call:
        """Declare how a key of one's own is kept (operating account)."""
        return self._call("keys", "assure", thumbprint, assurance)

    # ------------------------------------------------------------ recognition

    def declare_accreditation(self, accreditation: Accreditation) -> Call:
        """Grant, reduce, suspend, restore or withdraw an accreditation (operating account)."""
        return self._call("accreditations", "declare", accreditation.values())

    def make_arrangement(self, roles: int, parties: Sequence[int], text: bytes) -> Call:
        """Make an arrangement and invite ``parties`` (operating account)."""
        return self._call("arrangements", "make", roles, list(parties), text)

    def invite_party(self, arrangement: int, party: int) -> Call:
        """Invite a member to an arrangement (operating account of its keeper)."""
        return self._call("arrangements", "invite", arrangement, party)

    def accept_arrangement(self, arrangement: int, scope: str, effective_at: int) -> Call:
        """Accept an arrangement for a scope (operating account)."""
        return self._call("arrangements", "accept", arrangement, name_word(scope), effective_at)

    def leave_arrangement(self, arrangement: int, scope: str, effective_at: int) -> Call:
        """Leave an arrangement for a scope (operating account)."""
        return self._call("arrangements", "leave", arrangement, name_word(scope), effective_at)

    def suspend_party(
        self, arrangement: int, party: int, scope: str, reason: int, effective_at: int
    ) -> Call:
        """Suspend a party for a scope (operating account of the keeper)."""
        word = name_word(scope)
        return self._call("arrangements", "suspend", arrangement, party, word, reason, effective_at)

    def restore_party(self, arrangement: int, party: int, scope: str, effective_at: int) -> Call:
        """Lift a party's suspension for a scope (operating account of the keeper)."""
        word = name_word(scope)
        return self._call("arrangements", "restore", arrangement, party, word, effective_at)

    def publish_notice(self, notice: Notice, text: bytes) -> Call:
        """Publish a text (operating account)."""
        return self._call("notices", "publish", notice.values(), text)

    def lift_alert(self, number: int) -> Call:
        """Take an alert of one's own back (operating account)."""
        return self._call("notices", "lift", number)

    # ------------------------------------------------------------ accounts

    def freeze(self) -> Call:
        """Stop the operating account (recovery account)."""
        return self._call("members", "freeze")

    def thaw(self) -> Call:
        """Let the operating account act again (recovery account)."""
        return self._call("members", "thaw")

    def replace_operating(self, current: str) -> Call:
        """Pass the operating account's place on (operating account)."""
        return self._call("members", "replaceOperating", current)

    def recover_operating(self, current: str) -> Call:
        """Replace the operating account (recovery account)."""
        return self._call("members", "recoverOperating", current)

    # ------------------------------------------------------------ votes

    def propose_admission(self, admission: Admission) -> Call:
        """Propose to admit a member."""
        payload = functions_of("members")["found"].inputs.encode([admission.values()])
        return self._propose(Action.ADMIT, 0, payload)

    def propose_suspension(self, member: int, reason: int) -> Call:
        """Propose to suspend a member."""
        return self._propose(Action.SUSPEND, member, _payload(("uint16", reason)))

    def propose_restoration(self, member: int) -> Call:
        """Propose to lift a member's suspension."""
        return self._propose(Action.RESTORE, member, b"")

    def propose_expulsion(self, member: int, reason: int) -> Call:
        """Propose to expel a member, for ever."""
        return self._propose(Action.EXPEL, member, _payload(("uint16", reason)))

    def propose_recovery_account(self, member: int, account: str) -> Call:
        """Propose to give a member another recovery account."""
        return self._propose(Action.RECOVERY_ACCOUNT, member, _payload(("address", account)))

    def propose_parameter(self, name: str, value: int) -> Call:
        """Propose another value of a ledger parameter."""
        payload = _payload(("bytes32", name_word(name)), ("uint256", value))
        return self._propose(Action.PARAMETER, 0, payload)

    def propose_code(self, name: str, address: str) -> Call:
        """Propose another contract in the place of ``name``."""
        payload = _payload(("bytes32", name_word(name)), ("address", address))
        return self._propose(Action.CODE, 0, payload)

    def propose_seat(self, member: int, seated: bool) -> Call:
        """Propose to give a member a cosigner's seat, or to take it."""
        return self._propose(Action.SEAT, member, _payload(("uint256", int(seated))))

    def vote(self, proposal: int, yes: bool) -> Call:
        """Vote, once."""
        return self._call("members", "vote", proposal, yes)

    def execute(self, proposal: int) -> Call:
        """Carry out a proposal that passes now (anyone)."""
        return self._call("members", "execute", proposal)

    def _propose(self, action: Action, subject: int, payload: bytes) -> Call:
        return self._call("members", "propose", int(action), subject, payload)

    def found(self, admission: Admission) -> Call:
        """Admit a founding member (deployer, before opening)."""
        return self._call("members", "found", admission.values())

    def set_contract(self, name: str, address: str) -> Call:
        """Name a contract (deployer, before opening)."""
        return self._call("directory", "set", name_word(name), address)

    def set_parameter(self, name: str, value: int) -> Call:
        """Set a parameter (deployer, before opening)."""
        return self._call("directory", "setParameter", name_word(name), value)

    def open_ledger(self) -> Call:
        """Hand the ledger over to its members, for ever (deployer)."""
        return self._call("directory", "open")

    def _call(self, contract: str, function: str, *arguments: Any) -> Call:
        at = self._contracts.get(contract)
        if at is None:
            raise FormatError("no_contract", f"this ledger names no {contract} contract")
        return Call(lower_address(at), functions_of(contract)[function].call_data(arguments))


def _payload(*arguments: tuple[str, Any]) -> bytes:
    kinds = types_of([{"type": kind} for kind, _ in arguments])
    return kinds.encode([value for _, value in arguments])
