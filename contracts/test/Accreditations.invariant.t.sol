// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accreditations} from "../src/Accreditations.sol";
import {Accreditation} from "../src/interfaces/IAccreditations.sol";
import {LedgerTest} from "./LedgerTest.sol";
import {Cheats} from "./Vm.sol";

/// @notice Declares anything about two bodies, and keeps its own book of what was accepted.
contract AccreditationsHandler is Cheats {
    struct Entry {
        uint8 action;
        uint64 effectiveAt;
    }

    uint32 public constant BODIES = 2;

    address private immutable BODY;
    Accreditations private immutable ACCREDITATIONS;
    uint64 private immutable START;

    mapping(uint32 certificationBody => mapping(bytes32 scope => Entry[])) private _book;

    constructor(address body, Accreditations accreditations, uint64 start) {
        (BODY, ACCREDITATIONS, START) = (body, accreditations, start);
    }

    function scope(uint256 seed) public pure returns (bytes32) {
        return seed % 2 == 0 ? bytes32("MSC") : bytes32("PC");
    }

    function book(uint32 certificationBody, bytes32 at) external view returns (Entry[] memory) {
        return _book[certificationBody][at];
    }

    function declare(uint32 seed, uint256 scopeSeed, uint8 action, int8 days_, uint8 until)
        external
    {
        Accreditation memory accreditation;
        accreditation.certificationBody = 1 + seed % BODIES;
        accreditation.scope = scope(scopeSeed);
        accreditation.action = action % 7;
        accreditation.reason = 1;
        accreditation.effectiveAt = uint64(int64(START) + int64(days_ / 16) * 1 days);
        if (accreditation.action == 1 || accreditation.action == 2) accreditation.coverage = "{}";
        if (until % 4 == 0) accreditation.until = START + 30 days;
        vm.prank(BODY);
        try ACCREDITATIONS.declare(accreditation) {
            _book[accreditation.certificationBody][accreditation.scope].push(
                Entry(accreditation.action, accreditation.effectiveAt)
            );
        } catch {}
    }
}

contract AccreditationsInvariantTest is LedgerTest {
    AccreditationsHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new AccreditationsHandler(_operating(BR), accreditations, START);
        _target(address(_handler));
    }

    /// @notice What was accepted is always a history the rules allow, and all of it is counted.
    function invariant_no_forbidden_accreditation_move() public view {
        for (uint32 body = 1; body <= _handler.BODIES(); body++) {
            for (uint256 i = 0; i < 2; i++) {
                bytes32 scope = _handler.scope(i);
                AccreditationsHandler.Entry[] memory book = _handler.book(body, scope);
                _same(accreditations.eventCount(BR, body, scope), book.length, "events");
                _same(accreditations.stateOf(BR, body, scope), _replayed(book), "state");
            }
        }
    }

    /// @dev Written apart from the contract's own: none, granted, suspended, withdrawn down; grant,
    ///      reduce, suspend, restore, withdraw across; a digit is where it leads, a dot nowhere.
    function _replayed(AccreditationsHandler.Entry[] memory book) private pure returns (uint8) {
        string[4] memory table = ["1....", "112.3", ".2.13", "1...."];
        uint8[4] memory states = [0, 1, 3, 5];
        uint8 at = 0;
        uint64 suspendedAt = 0;
        for (uint256 n = 0; n < book.length; n++) {
            uint8 action = book[n].action;
            bytes1 to = action == 0 || action > 5 ? bytes1(".") : bytes(table[at])[action - 1];
            _same(to == "." ? 1 : 0, 0, "move");
            if (action == 3) suspendedAt = book[n].effectiveAt;
            _same(action == 4 && book[n].effectiveAt < suspendedAt ? 1 : 0, 0, "restored before");
            at = uint8(to) - 48;
        }
        return states[at];
    }

    /// @notice The handler does reach what the invariant is about.
    function test_handler_reaches_suspension_restoration_and_withdrawal() public {
        _handler.declare(0, 0, 1, 0, 1);
        _handler.declare(0, 0, 3, 16, 1);
        _handler.declare(0, 0, 4, 0, 1);
        vm.assertEq(accreditations.stateOf(BR, 1, "MSC"), 3);
        _handler.declare(0, 0, 4, 16, 1);
        vm.assertEq(accreditations.stateOf(BR, 1, "MSC"), 1);
        _handler.declare(0, 0, 5, 0, 1);
        vm.assertEq(accreditations.stateOf(BR, 1, "MSC"), 5);
        vm.assertEq(accreditations.eventCount(BR, 1, "MSC"), 4);
    }
}
