// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IAnchors} from "../src/interfaces/IAnchors.sol";
import {LedgerTest} from "./LedgerTest.sol";

contract AnchorsTest is LedgerTest {
    bytes32 private constant ROOT = "root";

    function setUp() public override {
        super.setUp();
        _claim(CN, 1);
    }

    function test_anchors_once() public {
        vm.expectEmit(address(anchors));
        emit IAnchors.Anchored(CN, ROOT, 64);
        _anchor(CN, ROOT, 64, 1);
        vm.assertEq(anchors.sizeOf(CN, ROOT), 64);
        vm.assertEq(anchors.sizeOf(DE, ROOT), 0);
    }

    function test_sending_again_says_nothing() public {
        _anchor(CN, ROOT, 64, 1);
        vm.recordLogs();
        _anchor(CN, ROOT, 64, 1);
        vm.assertEq(vm.getRecordedLogs().length, 0);
        _suspend(CN);
        _anchor(CN, ROOT, 64, 1);
    }

    function test_another_size_is_refused() public {
        _anchor(CN, ROOT, 64, 1);
        _expectAnchor(
            CN, ROOT, 128, 1, abi.encodeWithSelector(IAnchors.SizeDiffers.selector, ROOT, 64, 128)
        );
    }

    function test_two_members_may_anchor_one_root() public {
        _claim(DE, 9);
        _anchor(CN, ROOT, 64, 1);
        _anchor(DE, ROOT, 128, 9);
        vm.assertEq(anchors.sizeOf(CN, ROOT), 64);
        vm.assertEq(anchors.sizeOf(DE, ROOT), 128);
    }

    function test_a_higher_fence_stops_the_worker_before() public {
        _anchor(CN, ROOT, 64, 1);
        vm.expectEmit(address(anchors));
        emit IAnchors.FenceClaimed(CN, 5);
        _claim(CN, 5);
        vm.assertEq(anchors.fenceOf(CN), 5);
        bytes memory refusal = abi.encodeWithSelector(IAnchors.FenceStale.selector, CN, 5, 1);
        _expectAnchor(CN, "new", 64, 1, refusal);
        _expectAnchor(CN, ROOT, 64, 1, refusal);
        _anchor(CN, "new", 64, 5);
    }

    function test_a_fence_that_nobody_claimed_is_refused() public {
        _expectAnchor(
            CN, ROOT, 64, 2, abi.encodeWithSelector(IAnchors.FenceStale.selector, CN, 1, 2)
        );
        _expectAnchor(
            DE, ROOT, 64, 0, abi.encodeWithSelector(IAnchors.FenceStale.selector, DE, 0, 0)
        );
    }

    function test_a_fence_must_rise() public {
        vm.expectRevert(abi.encodeWithSelector(IAnchors.FenceTooLow.selector, CN, 1, 1));
        _claim(CN, 1);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.FenceTooLow.selector, DE, 0, 0));
        _claim(DE, 0);
    }

    function test_a_stolen_account_cannot_use_up_the_fences() public {
        _claim(CN, type(uint64).max);
        vm.prank(_recovery(CN));
        members.recoverOperating(_fresh(CN));
        vm.assertEq(anchors.fenceOf(CN), 0);
        vm.prank(_fresh(CN));
        anchors.claim(1);
        vm.prank(_fresh(CN));
        anchors.anchor(ROOT, 64, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _operating(CN)));
        vm.prank(_operating(CN));
        anchors.anchor(ROOT, 64, type(uint64).max);
    }

    function test_fence_of_nobody() public {
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 99));
        anchors.fenceOf(99);
    }

    function test_strangers_are_refused() public {
        bytes memory refusal = abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(refusal);
        anchors.claim(1);
        vm.expectRevert(refusal);
        anchors.anchor(ROOT, 64, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotRecovery.selector, STRANGER));
        anchors.disown(ROOT);
        vm.stopPrank();
    }

    function test_only_certification_bodies_anchor() public {
        _claim(BR_AUTHORITY, 1);
        _expectAnchor(
            BR_AUTHORITY,
            ROOT,
            64,
            1,
            abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, 1)
        );
    }

    function test_only_active_members_anchor() public {
        _suspend(CN);
        bytes memory refusal = abi.encodeWithSelector(IAccounts.MemberNotActive.selector, CN);
        _expectAnchor(CN, ROOT, 64, 1, refusal);
        _decide(EXPEL, CN, abi.encode(uint16(1)));
        _expectAnchor(CN, ROOT, 64, 1, refusal);
    }

    function test_frozen_members_neither_claim_nor_anchor() public {
        _freeze(CN);
        bytes memory refusal = abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN);
        vm.expectRevert(refusal);
        _claim(CN, 2);
        _expectAnchor(CN, ROOT, 64, 1, refusal);
        vm.prank(_recovery(CN));
        members.thaw();
        _anchor(CN, ROOT, 64, 1);
    }

    function test_zero_is_no_root() public {
        _expectAnchor(CN, 0, 64, 1, abi.encodeWithSelector(IAnchors.RootZero.selector));
    }

    function testFuzz_size_is_a_power_of_two_in_bounds(uint32 size) public {
        bool valid = false;
        for (uint32 power = 64; power <= 131_072; power *= 2) {
            valid = valid || power == size;
        }
        if (!valid) vm.expectRevert(abi.encodeWithSelector(IAnchors.SizeInvalid.selector, size));
        _anchor(CN, ROOT, size, 1);
    }

    function test_the_sizes_at_the_bounds() public {
        _anchor(CN, "least", 64, 1);
        _anchor(CN, "most", 131_072, 1);
        uint32[4] memory wrong = [uint32(0), 32, 96, 262_144];
        for (uint256 i = 0; i < wrong.length; i++) {
            _expectAnchor(
                CN,
                ROOT,
                wrong[i],
                1,
                abi.encodeWithSelector(IAnchors.SizeInvalid.selector, wrong[i])
            );
        }
    }

    function test_disowned_beside_the_anchor() public {
        _anchor(CN, ROOT, 64, 1);
        vm.expectEmit(address(anchors));
        emit IAnchors.Disowned(CN, ROOT);
        vm.prank(_recovery(CN));
        anchors.disown(ROOT);
        vm.assertEq(anchors.sizeOf(CN, ROOT), 64);
        vm.assertTrue(anchors.isDisowned(CN, ROOT), "disowned");
        _anchor(CN, ROOT, 64, 1);
        vm.assertTrue(anchors.isDisowned(CN, ROOT), "still disowned");
        vm.expectRevert(abi.encodeWithSelector(IAnchors.AlreadyDisowned.selector, CN, ROOT));
        vm.prank(_recovery(CN));
        anchors.disown(ROOT);
    }

    function test_only_its_own_recovery_disowns() public {
        _anchor(CN, ROOT, 64, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotRecovery.selector, _operating(CN)));
        vm.prank(_operating(CN));
        anchors.disown(ROOT);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.AnchorUnknown.selector, DE, ROOT));
        vm.prank(_recovery(DE));
        anchors.disown(ROOT);
    }

    function _claim(uint32 member, uint64 fence) private {
        vm.prank(_operating(member));
        anchors.claim(fence);
    }

    function _anchor(uint32 member, bytes32 root, uint32 size, uint64 fence) private {
        vm.prank(_operating(member));
        anchors.anchor(root, size, fence);
    }

    function _expectAnchor(
        uint32 member,
        bytes32 root,
        uint32 size,
        uint64 fence,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        _anchor(member, root, size, fence);
    }
}
