// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchors} from "../src/Anchors.sol";
import {Members} from "../src/Members.sol";
import {LedgerTest} from "./LedgerTest.sol";
import {Cheats} from "./Vm.sol";

/// @notice Does anything to the anchors of three bodies, and keeps its own book of them.
contract AnchorsHandler is Cheats {
    uint32 public constant BODIES = 3;
    uint256 public constant ROOTS = 6;

    Members private immutable MEMBERS;
    Anchors private immutable ANCHORS;

    mapping(uint32 member => mapping(bytes32 root => uint32 size)) public anchored;
    mapping(uint32 member => mapping(bytes32 root => bool)) public disowned;
    mapping(uint32 member => uint64) private _claimed;
    uint160 private _nextAccount = 0x9000;
    /// @notice Anchors that were accepted though the fence had been overtaken, or a member frozen.
    uint256 public wronglyAccepted;

    constructor(Members members, Anchors anchors) {
        MEMBERS = members;
        ANCHORS = anchors;
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
            if (anchored[member][root(rootSeed)] == 0) anchored[member][root(rootSeed)] = size;
        } catch {}
    }

    function disown(uint32 seed, uint256 rootSeed) external {
        uint32 member = _member(seed);
        vm.prank(MEMBERS.get(member).recovery);
        try ANCHORS.disown(root(rootSeed)) {
            disowned[member][root(rootSeed)] = true;
        } catch {}
    }

    function freezeOrThaw(uint32 seed) external {
        uint32 member = _member(seed);
        bool frozen = MEMBERS.get(member).frozen;
        vm.prank(MEMBERS.get(member).recovery);
        if (frozen) MEMBERS.thaw();
        else MEMBERS.freeze();
    }

    function changeAccount(uint32 seed) external {
        uint32 member = _member(seed);
        vm.prank(MEMBERS.get(member).recovery);
        MEMBERS.recoverOperating(address(_nextAccount++));
        _claimed[member] = 0;
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
        for (uint32 member = 1; member <= members.count(); member++) {
            for (uint256 i = 0; i < _handler.ROOTS(); i++) {
                bytes32 root = _handler.root(i);
                vm.assertEq(
                    anchors.sizeOf(member, root), _handler.anchored(member, root), "anchored size"
                );
                vm.assertEq(
                    anchors.isDisowned(member, root) ? 1 : 0,
                    _handler.disowned(member, root) ? 1 : 0,
                    "disowned"
                );
            }
        }
    }

    function invariant_no_worker_overtaken_or_frozen_gets_through() public view {
        vm.assertEq(_handler.wronglyAccepted(), 0, "accepted");
    }

    /// @notice The handler does reach what the invariants are about.
    function test_handler_reaches_anchors() public {
        _handler.claim(0, 1);
        _handler.anchor(0, 1, 1, false);
        _handler.disown(0, 1);
        vm.assertEq(anchors.sizeOf(1, bytes32(uint256(1))), 64);
        vm.assertTrue(anchors.isDisowned(1, bytes32(uint256(1))), "disowned");
    }
}
