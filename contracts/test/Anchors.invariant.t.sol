// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchors} from "../src/Anchors.sol";
import {Members} from "../src/Members.sol";
import {LedgerTest} from "./LedgerTest.sol";
import {Cheats} from "./Vm.sol";

/// @notice Does anything to the anchors of two bodies, and keeps its own book of them.
contract AnchorsHandler is Cheats {
    uint32 public constant BODIES = 2;
    uint256 public constant ROOTS = 4;

    Members private immutable MEMBERS;
    Anchors private immutable ANCHORS;

    struct Entry {
        uint32 size;
        bool disowned;
    }

    mapping(uint32 member => mapping(bytes32 root => Entry)) public book;
    mapping(uint32 member => uint64) private _claimed;
    uint160 private _nextAccount = 0x9000;
    /// @notice Anchors that were accepted though the fence had been overtaken, or a member frozen.
    uint256 public wronglyAccepted;

    constructor(Members members, Anchors anchors) {
        MEMBERS = members;
        ANCHORS = anchors;
        for (uint32 member = 1; member <= BODIES; member++) {
            _claimFirst(member);
        }
    }

    function root(uint256 seed) public pure returns (bytes32) {
        return bytes32(seed % ROOTS); // zero among them
    }

    function claim(uint32 seed, uint64 fence) external {
        uint32 member = _member(seed);
        fence = uint64(_bound(fence, 0, _claimed[member] + 2));
        vm.prank(MEMBERS.get(member).operating);
        try ANCHORS.claim(fence) {
            if (fence <= _claimed[member] || MEMBERS.get(member).frozen) wronglyAccepted++;
            _claimed[member] = fence;
        } catch {}
    }

    function anchor(uint32 seed, uint256 rootSeed, uint256 sizeSeed, bool stale) external {
        uint32 member = _member(seed);
        uint64 fence = _claimed[member];
        if (stale && fence > 0) fence--;
        uint32 size = uint32(32 << (sizeSeed % 4)); // 32 is too small
        vm.prank(MEMBERS.get(member).operating);
        try ANCHORS.anchor(root(rootSeed), size, fence) {
            if (fence != _claimed[member] || MEMBERS.get(member).frozen) wronglyAccepted++;
            Entry storage entry = book[member][root(rootSeed)];
            if (entry.size == 0) entry.size = size;
        } catch {}
    }

    function disown(uint32 seed, uint256 rootSeed) external {
        uint32 member = _member(seed);
        vm.prank(MEMBERS.get(member).recovery);
        try ANCHORS.disown(root(rootSeed)) {
            book[member][root(rootSeed)].disowned = true;
        } catch {}
    }

    function freezeOrThaw(uint32 seed) external {
        uint32 member = _member(seed);
        bool frozen = MEMBERS.get(member).frozen;
        if (!frozen && seed % 3 != 0) return; // or little else would happen
        vm.prank(MEMBERS.get(member).recovery);
        if (frozen) MEMBERS.thaw();
        else MEMBERS.freeze();
    }

    function changeAccount(uint32 seed) external {
        uint32 member = _member(seed);
        vm.prank(MEMBERS.get(member).recovery);
        MEMBERS.recoverOperating(address(_nextAccount++));
        if (MEMBERS.get(member).frozen) _claimed[member] = 0;
        else _claimFirst(member);
    }

    function _claimFirst(uint32 member) private {
        vm.prank(MEMBERS.get(member).operating);
        ANCHORS.claim(1);
        _claimed[member] = 1;
    }

    function _member(uint32 seed) private pure returns (uint32) {
        return 1 + seed % BODIES;
    }
}

contract AnchorsInvariantTest is LedgerTest {
    AnchorsHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new AnchorsHandler(members, anchors);
        _target(address(_handler));
    }

    /// @notice Whatever happens, the ledger holds exactly the anchors that were made.
    function invariant_an_anchor_is_never_lost_changed_or_made_for_another_member() public view {
        uint256 roots = _handler.ROOTS();
        for (uint32 member = 1; member <= _handler.BODIES() + 1; member++) {
            for (uint256 i = 0; i < roots; i++) {
                bytes32 root = bytes32(i);
                (uint32 size, bool disowned) = _handler.book(member, root);
                _same(anchors.sizeOf(member, root), size, "anchored size");
                _same(anchors.isDisowned(member, root) ? 1 : 0, disowned ? 1 : 0, "disowned");
            }
        }
        vm.assertEq(_handler.wronglyAccepted(), 0, "overtaken or frozen worker accepted");
    }

    /// @notice The handler does reach what the invariants are about.
    function test_handler_reaches_anchors() public {
        _handler.anchor(0, 1, 1, false);
        _handler.disown(0, 1);
        vm.assertEq(anchors.sizeOf(1, bytes32(uint256(1))), 64);
        vm.assertTrue(anchors.isDisowned(1, bytes32(uint256(1))), "disowned");
    }
}
