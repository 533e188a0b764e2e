// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Members} from "../src/Members.sol";
import {Statuses} from "../src/Statuses.sol";
import {Declaration} from "../src/interfaces/IStatuses.sol";
import {LedgerTest} from "./LedgerTest.sol";
import {Cheats} from "./Vm.sol";

/// @notice Declares and annuls anything at two bodies, and keeps its own book of what was accepted.
contract StatusesHandler is Cheats {
    struct Entry {
        uint8 state;
        uint64 effectiveAt;
        uint64 recordedAt;
        bool annulled;
    }

    uint32 public constant BODIES = 2;
    uint256 public constant SLOTS = 4;

    /// @dev Mostly suspending and restoring, which can go on; some endings; some nonsense.
    bytes private constant STATES = hex"0201020102010201020103040500ff";

    Members private immutable MEMBERS;
    Statuses private immutable STATUSES;
    uint64 private _now;

    mapping(uint32 member => mapping(bytes32 slot => Entry[])) private _book;

    constructor(Members members, Statuses statuses, uint64 start) {
        MEMBERS = members;
        STATUSES = statuses;
        _now = start;
    }

    function slot(uint256 seed) public pure returns (bytes32) {
        return bytes32(1 + seed % SLOTS);
    }

    function book(uint32 member, bytes32 at) external view returns (Entry[] memory) {
        return _book[member][at];
    }

    function declare(uint32 seed, uint256 slotSeed, uint8 state, int8 days_, uint8 linked)
        external
    {
        uint32 member = 1 + seed % BODIES;
        Declaration memory declaration;
        declaration.slot = slot(slotSeed);
        declaration.state = uint8(STATES[state % STATES.length]);
        declaration.reason = 1;
        declaration.effectiveAt = uint64(int64(_now) + int64(days_ / 8) * 1 days);
        if (declaration.state == 2) declaration.until = declaration.effectiveAt + 30 days;
        if (declaration.state == 5 || linked % 4 == 0) {
            (declaration.linkedMember, declaration.linkedSlot) = (3, "linked");
        }
        vm.prank(MEMBERS.get(member).operating);
        try STATUSES.declare(declaration) {
            _book[member][declaration.slot].push(
                Entry(declaration.state, declaration.effectiveAt, _now, false)
            );
        } catch {}
    }

    function annul(uint32 seed, uint256 slotSeed, uint32 sequence) external {
        uint32 member = 1 + seed % BODIES;
        Entry[] storage entries = _book[member][slot(slotSeed)];
        if (entries.length == 0) return;
        sequence = uint32(sequence % entries.length);
        vm.prank(MEMBERS.get(member).recovery);
        try STATUSES.annul(slot(slotSeed), sequence) {
            entries[sequence].annulled = true;
        } catch {}
    }

    function wait_(uint256 seconds_) external {
        _now += uint64(_bound(seconds_, 1, 20 days));
        vm.warp(_now);
    }
}

contract StatusesInvariantTest is LedgerTest {
    StatusesHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new StatusesHandler(members, statuses, START);
        _target(address(_handler));
    }

    /// @notice What is on record and not annulled is always a history the rules allow, and what is
    ///         on record is what was declared, for ever.
    function invariant_no_forbidden_status_move() public view {
        for (uint32 member = 1; member <= _handler.BODIES(); member++) {
            for (uint256 i = 0; i < _handler.SLOTS(); i++) {
                bytes32 slot = _handler.slot(i);
                StatusesHandler.Entry[] memory book = _handler.book(member, slot);
                _requireRecorded(member, slot, book);
                _requireLegal(member, slot, book);
            }
        }
    }

    function _requireRecorded(uint32 member, bytes32 slot, StatusesHandler.Entry[] memory book)
        private
        view
    {
        _same(statuses.eventCount(member, slot), book.length, "events");
        for (uint32 n = 0; n < book.length; n++) {
            (uint8 state, bool annulled, uint64 effectiveAt, uint64 recordedAt) =
                statuses.eventAt(member, slot, n);
            _same(state, book[n].state, "state");
            _same(effectiveAt, book[n].effectiveAt, "effective");
            _same(recordedAt, book[n].recordedAt, "recorded");
            _same(annulled ? 1 : 0, book[n].annulled ? 1 : 0, "annulled");
        }
    }

    function _requireLegal(uint32 member, bytes32 slot, StatusesHandler.Entry[] memory book)
        private
        view
    {
        uint8 last = 0;
        uint64 lastAt = 0;
        for (uint256 n = 0; n < book.length; n++) {
            if (book[n].annulled) continue;
            bool isGrant = n == 0 && book[n].state == 1;
            _same(isGrant || _isAllowed(last, book[n].state) ? 1 : 0, 1, "move");
            bool isRestored = last == 2 && book[n].state == 1;
            _same(isRestored && book[n].effectiveAt < lastAt ? 1 : 0, 0, "restored before");
            (last, lastAt) = (book[n].state, book[n].effectiveAt);
        }
        _same(statuses.stateOf(member, slot), last, "state of slot");
    }

    /// @dev Written apart from the contract's own: row from, column to.
    function _isAllowed(uint8 from, uint8 to) private pure returns (bool) {
        string[6] memory table = ["..yyyy", "..yyyy", ".y.yyy", "......", "......", "......"];
        return bytes(table[from])[to] == "y";
    }

    /// @notice The handler does reach what the invariants are about.
    function test_handler_reaches_suspension_restoration_and_annulment() public {
        _handler.declare(0, 0, 0, 0, 1);
        _handler.declare(0, 0, 1, 8, 1);
        _handler.annul(0, 0, 1);
        vm.assertEq(statuses.eventCount(1, _handler.slot(0)), 2);
        vm.assertEq(statuses.stateOf(1, _handler.slot(0)), 2);
    }
}
