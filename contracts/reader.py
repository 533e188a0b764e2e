"""Reading one ledger from a chain: its contracts, its events, its views.

Decides what belongs to the ledger at a Directory's address and reads it typed. Refuses an address
without a Directory, a contract whose code is not the code that the Directory announced
(``code_changed``), logs that contradict their block, and logs of ours that are none of our events.
Nothing of web3 leaves here: events are those of ``core/events.py``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.abi import keccak, lower_address
from contracts.blocks import Block, block_of, logs_of, malformed, read_logs
from contracts.bloom import bloom_of, is_explained
from contracts.chain import Chain, hex_bytes, quantity
from contracts.events import DIRECTORY, Emitters, name_of, name_word
from contracts.interfaces import CONTRACTS, LedgerRefused, functions_of
from contracts.rpc import Call, RpcError
from contracts.texts import NamedText, named_texts
from core.errors import LimitError, NotTrusted
from core.events import ContractSet, Event
from core.limits import LOG_RANGE_BLOCKS
from core.registry import Head

FINALITY_DEPTH: Final = "finality_depth"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction.

    Args:
        succeeded: False when the contract reverted.
        events: what it recorded on this ledger.
        refusal: why it reverted, found by running it again; None when it succeeded or when it
            would succeed now.
    """

    transaction: bytes
    succeeded: bool
    block: int
    block_hash: bytes
    gas_used: int
    events: tuple[Event, ...]
    refusal: LedgerRefused | None


@dataclass(frozen=True, slots=True)
class Followed:
    """What a range of blocks holds.

    Args:
        named: the texts that its events name.
        emitters: the contracts after the range.
    """

    blocks: tuple[Block, ...]
    events: tuple[Event, ...]
    named: tuple[NamedText, ...]
    emitters: Emitters


class Ledger:
    """One ledger on one chain; use :meth:`open`.

    Args:
        contracts: addresses by name, ``directory`` among them.
    """

    def __init__(self, chain: Chain, directory: str, contracts: Mapping[str, str]) -> None:
        self.chain = chain
        self.directory = lower_address(directory)
        self.contracts = {**contracts, DIRECTORY: self.directory}

    @property
    def origin(self) -> str:
        """``comity/<chain id>/<Directory address>``."""
        return f"comity/{self.chain.chain_id}/{self.directory}"

    @classmethod
    def open(
        cls, chain: Chain, directory: str, announced: Sequence[ContractSet] | None = None
    ) -> "Ledger":
        """Return the ledger at ``directory``, its contracts' code compared with the announcements.

        Args:
            announced: all ContractSet events so far, where a follower has them; otherwise they are
                read from the chain, from its first block on.

        Raises:
            NotTrusted: ``no_ledger``, there is no Directory; ``code_changed``.
        """
        ledger = cls(chain, directory, {})
        if not chain.code(ledger.directory):
            raise NotTrusted(
                "no_ledger",
                f"ledger {ledger.origin}: there is no contract at this address",
                "check the origin and the chain node",
            )
        if announced is None:
            announced = ledger._announcements(0, ledger.head().block)
        latest = {event.name: event for event in announced}
        for name in ledger._names():
            if name not in CONTRACTS:
                continue  # of a later version; its logs mean nothing to this one
            at = ledger._view(DIRECTORY, "at", name_word(name))
            told = latest.get(name)
            expected = told.code_hash if told is not None and told.address == at else b""
            ledger.require_code(name, expected, chain.code(at))
            ledger.contracts[name] = at
        return ledger

    def require_code(self, name: str, expected: bytes, code: bytes) -> None:
        """Raise ``code_changed`` unless ``code`` has the hash that was announced for ``name``."""
        if keccak(code) != expected:
            raise NotTrusted(
                "code_changed",
                f"ledger {self.origin}: the {name} contract is not the announced one",
                "do not use this chain node before this is understood",
            )

    def name_contracts(self, announced: Iterable[ContractSet]) -> None:
        """Take the contracts of these events, in ledger order, for the named ones from now on."""
        known = CONTRACTS.keys() - {DIRECTORY}
        self.contracts.update({e.name: e.address for e in announced if e.name in known})

    # ------------------------------------------------------------ blocks and logs

    def head(self) -> Head:
        """Return the newest block the node knows."""
        return block_of(self.chain.request("eth_getBlockByNumber", "latest", False)).head()

    def blocks(self, from_block: int, to_block: int) -> list[Block]:
        """Return the headers of a range, each the parent of the next.

        Raises:
            NotTrusted: ``broken_chain``, they do not follow each other.
        """
        calls: list[Call] = [
            ("eth_getBlockByNumber", (hex(number), False))
            for number in range(from_block, to_block + 1)
        ]
        blocks = [block_of(answer) for answer in self.chain.request_batch(calls)]
        for number, block in enumerate(blocks, from_block):
            follows = number == from_block or block.parent == blocks[number - from_block - 1].hash
            if block.number != number or not follows:
                raise NotTrusted(
                    "broken_chain", f"chain node: block {number} does not follow the one before"
                )
        return blocks

    def emitters(self) -> Emitters:
        """Return the ledger's emitters before its first block: the Directory alone."""
        return Emitters(self.directory)

    def events(self, from_block: int, to_block: int) -> list[Event]:
        """Return the ledger's events of a range, in ledger order.

        From block 0 on, a contract counts from where the Directory named it. A range that starts
        later is read with today's contracts.
        """
        emitters = Emitters(self.directory, self._named() if from_block else None)
        events: list[Event] = []
        for start in range(from_block, to_block + 1, LOG_RANGE_BLOCKS):
            end = min(start + LOG_RANGE_BLOCKS - 1, to_block)
            found = self._read(start, end, None, emitters)
            emitters = found.emitters
            events += found.events
        return events

    def follow(self, from_block: int, to_block: int, emitters: Emitters) -> Followed:
        """Return what a range holds: its headers, its events, and what follows from them.

        Args:
            emitters: the contracts before the range; left as they are.
        """
        blocks = self.blocks(from_block, to_block)
        return self._read(from_block, to_block, blocks, emitters)

    def _read(
        self, start: int, end: int, blocks: Sequence[Block] | None, emitters: Emitters
    ) -> Followed:
        asked = emitters.seen
        while True:
            after = emitters.copy()
            logs = self._logs(start, end, asked)
            events = read_logs(logs, blocks or self._blocks_of(logs), after)
            if after.seen <= asked:
                self._require_complete(blocks or (), logs, asked)
                named = named_texts(logs, events)
                return Followed(tuple(blocks or ()), tuple(events), tuple(named), after)
            asked = after.seen  # the Directory named a new contract: its logs are wanted too

    def _require_complete(
        self, blocks: Sequence[Block], logs: Sequence[Mapping[str, Any]], asked: Collection[str]
    ) -> None:
        """Raise ``logs_missing`` when a header tells of logs of ours that were not given."""
        received: dict[int, list[Mapping[str, Any]]] = {}
        for log in logs:
            received.setdefault(quantity(log["blockNumber"]), []).append(log)
        for block in blocks:
            ours = received.get(block.number, [])
            if is_explained(block.bloom, ours, asked):
                continue
            # logs of other contracts, or an accident of the sum, or a lie: look at all of them
            named = "0x" + block.hash.hex()
            whole = logs_of(self.chain.request("eth_getLogs", {"blockHash": named}))
            count = sum(log["address"].lower() in asked for log in whole)
            if bloom_of(whole) != block.bloom or count != len(ours):
                raise NotTrusted(
                    "logs_missing", f"chain node: logs of block {block.number} are missing"
                )

    def _blocks_of(self, logs: Sequence[Mapping[str, Any]]) -> list[Block]:
        numbers = sorted({quantity(log["blockNumber"]) for log in logs})
        calls: list[Call] = [("eth_getBlockByNumber", (hex(n), False)) for n in numbers]
        return [block_of(answer) for answer in self.chain.request_batch(calls)]

    def _announcements(self, start: int, end: int) -> list[ContractSet]:
        """Return what the Directory ever named: few logs, asked for in one go if the node lets."""
        try:
            logs = self._logs(start, end, [self.directory])
        except (LimitError, RpcError):
            if start == end:
                raise
            middle = (start + end) // 2
            return self._announcements(start, middle) + self._announcements(middle + 1, end)
        events = read_logs(logs, self._blocks_of(logs), Emitters(self.directory))
        return [event for event in events if isinstance(event, ContractSet)]

    def _logs(self, start: int, end: int, addresses: Collection[str]) -> list[dict[str, Any]]:
        answer = self.chain.request(
            "eth_getLogs",
            {"fromBlock": hex(start), "toBlock": hex(end), "address": sorted(addresses)},
        )
        return logs_of(answer)

    # ------------------------------------------------------------ views

    def member_of(self, account: str) -> int:
        """Return the member whose operating account this is, 0 for none."""
        return int(self._view("members", "memberOf", lower_address(account)))

    def member_of_recovery(self, account: str) -> int:
        """Return the member whose recovery account this is, 0 for none."""
        return int(self._view("members", "memberOfRecovery", lower_address(account)))

    def member_count(self) -> int:
        """Return how many members were ever admitted."""
        return int(self._view("members", "count"))

    def is_active(self, member: int) -> bool:
        """Return whether a member is neither suspended nor expelled nor frozen."""
        return bool(self._view("members", "isActive", member))

    def fence_of(self, member: int) -> int:
        """Return the fence of the member's operating account, 0 before the first claim."""
        return int(self._view("anchors", "fenceOf", member))

    def size_of(self, member: int, root: bytes) -> int:
        """Return the size of an anchored batch, 0 when the member has not anchored this root."""
        return int(self._view("anchors", "sizeOf", member, root))

    def state_of(self, member: int, slot: bytes) -> int:
        """Return a slot's state, 0 for granted."""
        return int(self._view("statuses", "stateOf", member, slot))

    def event_count(self, member: int, slot: bytes) -> int:
        """Return how many status events a slot has: the next one's sequence."""
        return int(self._view("statuses", "eventCount", member, slot))

    def accreditation_count(self, body: int, certification_body: int, scope: str) -> int:
        """Return how many events an accreditation has: the next one's sequence."""
        word = name_word(scope)
        return int(self._view("accreditations", "eventCount", body, certification_body, word))

    def arrangement_count(self) -> int:
        """Return how many arrangements were made: the number of the newest one."""
        return int(self._view("arrangements", "count"))

    def notice_count(self, member: int) -> int:
        """Return how many notices a member has published: the number of its newest one."""
        return int(self._view("notices", "countOf", member))

    def is_seated(self, member: int) -> bool:
        """Return whether a member is a cosigner."""
        return bool(self._view("members", "isSeated", member))

    def parameter(self, name: str) -> int:
        """Return a ledger parameter, 0 when it was never set."""
        return int(self._view(DIRECTORY, "parameter", name_word(name)))

    def finality_depth(self) -> int:
        """Return how many blocks must stand on one before it counts as final."""
        return self.parameter(FINALITY_DEPTH)

    def nonce(self, account: str, pending: bool = False) -> int:
        """Return an account's next nonce: of mined transactions, or of those waiting as well."""
        at = "pending" if pending else "latest"
        return quantity(self.chain.request("eth_getTransactionCount", lower_address(account), at))

    # ------------------------------------------------------------ transactions

    def receipt(self, transaction: bytes) -> Receipt | None:
        """Return what became of a transaction, None while it is not in a block."""
        text = "0x" + transaction.hex()
        answer = self.chain.request("eth_getTransactionReceipt", text)
        if answer is None:
            return None
        try:
            succeeded = quantity(answer["status"]) == 1
            block, block_hash = quantity(answer["blockNumber"]), hex_bytes(answer["blockHash"])
            gas, logs = quantity(answer["gasUsed"]), logs_of(answer["logs"])
            ours = hex_bytes(answer["transactionHash"]) == transaction
        except (KeyError, TypeError):
            raise malformed("a receipt") from None
        if not ours:
            raise NotTrusted("other_receipt", "chain node: a receipt of another transaction")
        header = block_of(self.chain.request("eth_getBlockByNumber", hex(block), False))
        if header.hash != block_hash:  # the chain was reorganised between the two answers
            return None
        events = read_logs(logs, [header], Emitters(self.directory, self._named()))
        reason = None if succeeded else self._reason(text, block)
        return Receipt(transaction, succeeded, block, block_hash, gas, tuple(events), reason)

    def _reason(self, transaction: str, block: int) -> LedgerRefused | None:
        """Run a reverted transaction again, on the state it met or nearly so."""
        found = self.chain.request("eth_getTransactionByHash", transaction)
        if found is None or found.get("to") is None:
            return None
        data = hex_bytes(found.get("input", found.get("data")))
        for at in (block, block - 1):
            try:
                self.chain.call(found["to"], data, found["from"], max(at, 0))
            except LedgerRefused as refusal:
                return refusal
            except RpcError:  # the node no longer keeps that state
                continue
        return None

    # ------------------------------------------------------------ within

    def _named(self) -> dict[str, str]:
        return {name: at for name, at in self.contracts.items() if name != DIRECTORY}

    def _names(self) -> list[str]:
        return [name_of(word) for word in self._view(DIRECTORY, "names")]

    def _view(self, contract: str, function: str, *arguments: Any) -> Any:
        at = self.contracts.get(contract)
        if at is None:
            raise NotTrusted("no_ledger", f"ledger {self.origin}: no {contract} contract is named")
        called = functions_of(contract)[function]
        raw = self.chain.call(at, called.call_data(arguments))
        return called.outputs.decode(raw)[0]
