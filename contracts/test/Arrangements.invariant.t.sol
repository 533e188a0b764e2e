// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arrangements} from "../src/Arrangements.sol";
import {ArrangementsTestBase} from "./ArrangementsTestBase.sol";
import {Cheats} from "./Vm.sol";

/// @notice Two parties and the keeper do anything in three scopes; a book of what was accepted.
contract ArrangementsHandler is Cheats {
    struct Entry {
        uint8 action;
        bytes32 scope;
        uint64 effectiveAt;
    }

    uint32 public constant PARTIES = 2;
    uint256 public constant SCOPES = 3;

    Arrangements private immutable ARRANGEMENTS;
    address private immutable KEEPER;
    uint64 private immutable START;

    mapping(uint32 party => Entry[]) private _book;

    constructor(Arrangements arrangements, address keeper, uint64 start) {
        (ARRANGEMENTS, KEEPER, START) = (arrangements, keeper, start);
    }

    function scope(uint256 seed) public pure returns (bytes32) {
        bytes32[3] memory scopes = [bytes32("MSC"), "MSC/QMS", "PC"];
        return scopes[seed % SCOPES];
    }

    function book(uint32 party) external view returns (Entry[] memory) {
        return _book[party];
    }

    function move(uint32 seed, uint256 scopeSeed, uint8 action, int8 days_) external {
        uint32 party = 1 + seed % PARTIES;
        uint64 at = uint64(int64(START) + int64(days_ / 16) * 1 days);
        bytes32 where = scope(scopeSeed);
        action = 2 + action % 4;
        vm.prank(action < 4 ? address(uint160(0x1000) + party) : KEEPER);
        (bool done,) = address(ARRANGEMENTS).call(_call(party, where, action, at));
        if (done) _book[party].push(Entry(action, where, at));
    }

    function _call(uint32 party, bytes32 where, uint8 action, uint64 at)
        private
        view
        returns (bytes memory)
    {
        if (action == 2) return abi.encodeCall(ARRANGEMENTS.accept, (1, where, at));
        if (action == 3) return abi.encodeCall(ARRANGEMENTS.leave, (1, where, at));
        if (action == 4) return abi.encodeCall(ARRANGEMENTS.suspend, (1, party, where, 7, at));
        return abi.encodeCall(ARRANGEMENTS.restore, (1, party, where, at));
    }
}

contract ArrangementsInvariantTest is ArrangementsTestBase {
    ArrangementsHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new ArrangementsHandler(arrangements, _operating(BR_AUTHORITY), START);
        _target(address(_handler));
    }

    /// @notice What was accepted is always a history the rules allow, whatever the other party did.
    function invariant_no_forbidden_party_move() public view {
        for (uint32 party = 1; party <= _handler.PARTIES(); party++) {
            ArrangementsHandler.Entry[] memory book = _handler.book(party);
            _same(arrangements.eventCount(_id, party), book.length + 1, "events");
            uint8[3] memory states = _replayed(book);
            for (uint256 i = 0; i < 3; i++) {
                uint8 state = arrangements.stateOf(_id, party, _handler.scope(i));
                _same(state, states[i], "state");
            }
        }
    }

    /// @dev Written apart from the contract's own, over whole histories: MSC, MSC/QMS, PC. A state
    ///      is 0, 2 or 3, and 10 more while suspended.
    function _replayed(ArrangementsHandler.Entry[] memory book)
        private
        view
        returns (uint8[3] memory states)
    {
        uint64[3] memory suspendedAt;
        for (uint256 n = 0; n < book.length; n++) {
            uint256 i =
                book[n].scope == _handler.scope(0) ? 0 : book[n].scope == _handler.scope(1) ? 1 : 2;
            uint8 own = states[i] % 10;
            uint8 covering = i == 1 && own == 0 ? states[0] % 10 : own;
            bool held = states[i] >= 10;
            bool allowed = false;
            if (book[n].action == 2) allowed = own != 2;
            if (book[n].action == 3) allowed = covering == 2;
            if (book[n].action == 4) allowed = covering == 2 && !held;
            if (book[n].action == 5) allowed = held && book[n].effectiveAt >= suspendedAt[i];
            _same(allowed ? 1 : 0, 1, "move");
            if (book[n].action == 2) states[i] = states[i] - own + 2;
            if (book[n].action == 3) states[i] = states[i] - own + 3;
            if (book[n].action == 4) (states[i], suspendedAt[i]) = (10 + own, book[n].effectiveAt);
            if (book[n].action == 5) states[i] = own;
        }
        for (uint256 i = 0; i < 3; i++) {
            if (states[i] >= 10) states[i] = states[i] == 13 ? 3 : 4;
        }
    }

    /// @notice The handler does reach what the invariant is about.
    function test_handler_reaches_a_part_that_is_suspended_and_restored() public {
        _handler.move(0, 0, 0, 0);
        _handler.move(0, 1, 2, 16);
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), SUSPENDED);
        _handler.move(0, 1, 3, 0); // too early
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), SUSPENDED);
        _handler.move(0, 1, 3, 16);
        _handler.move(0, 0, 1, 0);
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), 0);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), LEFT);
    }
}
