// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {INotices, Notice} from "../src/interfaces/INotices.sol";
import {ITexts} from "../src/interfaces/ITexts.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @notice Sends a text on, as an account that is a contract would.
contract Relay {
    function publish(INotices notices, Notice calldata notice, bytes calldata text) external {
        notices.publish(notice, text);
    }
}

contract NoticesTest is LedgerTest {
    uint8 private constant POLICY = 1;
    uint8 private constant CHANGE = 2;
    uint8 private constant ALERT = 3;
    uint8 private constant CORRECTION = 4;
    bytes private constant TEXT = "Read this.";

    function test_an_authority_publishes_its_policy() public {
        vm.expectEmit(address(notices));
        emit INotices.NoticePublished(
            BR_AUTHORITY, 1, POLICY, 0, 0, 0, sha256(TEXT), uint32(TEXT.length)
        );
        vm.assertEq(_publish(BR_AUTHORITY, _plain(POLICY)), 1);
        vm.assertEq(_publish(BR_AUTHORITY, _plain(POLICY)), 2);
        vm.assertEq(_publish(CN, _plain(CHANGE)), 1);
        vm.assertEq(notices.countOf(BR_AUTHORITY), 2);
        _refused(BR, _plain(POLICY), abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR, 4));
    }

    function test_unknown_kinds() public {
        _refused(CN, _plain(0), abi.encodeWithSelector(INotices.NoticeKindUnknown.selector, 0));
        _refused(CN, _plain(5), abi.encodeWithSelector(INotices.NoticeKindUnknown.selector, 5));
    }

    function test_who_may_warn_of_whom() public {
        _publish(BR_AUTHORITY, Notice(ALERT, 1, CN, 0));
        _publish(BR, Notice(ALERT, 2, CN, "thumbprint"));
        _publish(CN, Notice(ALERT, 3, CN, "root"));
        _refused(
            DE,
            Notice(ALERT, 1, CN, 0),
            abi.encodeWithSelector(INotices.CannotWarn.selector, DE, CN)
        );
        _refused(
            OBSERVER,
            Notice(ALERT, 1, CN, 0),
            abi.encodeWithSelector(INotices.CannotWarn.selector, OBSERVER, CN)
        );
    }

    function test_an_alert_has_a_subject_that_can_be() public {
        _wrongSubject(BR, Notice(ALERT, 0, 0, 0));
        _wrongSubject(BR, Notice(ALERT, 1, 0, 0));
        _wrongSubject(BR, Notice(ALERT, 1, 6, 0));
        _wrongSubject(BR, Notice(ALERT, 1, CN, "x"));
        _wrongSubject(BR, Notice(ALERT, 2, CN, 0));
        _wrongSubject(BR, Notice(ALERT, 3, CN, 0));
        _wrongSubject(BR, Notice(ALERT, 4, CN, "x"));
        _wrongSubject(BR, Notice(ALERT, 5, CN, "x"));
    }

    function test_policies_and_changes_are_about_nothing() public {
        _wrongSubject(BR_AUTHORITY, Notice(POLICY, 1, CN, 0));
        _wrongSubject(BR_AUTHORITY, Notice(POLICY, 0, CN, 0));
        _wrongSubject(CN, Notice(CHANGE, 0, 0, "x"));
    }

    function test_a_correction_is_of_a_notice_of_ones_own() public {
        _wrongSubject(CN, Notice(CORRECTION, 4, CN, bytes32(uint256(1))));
        _publish(CN, _plain(CHANGE));
        _publish(CN, Notice(CORRECTION, 4, CN, bytes32(uint256(1))));
        _publish(CN, Notice(CORRECTION, 4, CN, bytes32(uint256(2))));
        _wrongSubject(CN, Notice(CORRECTION, 4, CN, bytes32(uint256(4))));
        _wrongSubject(CN, Notice(CORRECTION, 4, CN, 0));
        _wrongSubject(CN, Notice(CORRECTION, 4, CN, bytes32(type(uint256).max)));
        _wrongSubject(DE, Notice(CORRECTION, 4, CN, bytes32(uint256(1))));
        _wrongSubject(CN, Notice(CORRECTION, 0, 0, 0));
    }

    function test_an_alert_is_lifted_once_by_its_publisher() public {
        _publish(BR, Notice(ALERT, 2, CN, "thumbprint"));
        vm.assertTrue(notices.isAlert(BR, 1), "stands");
        vm.expectEmit(address(notices));
        emit INotices.AlertLifted(BR, 1, 2, CN, "thumbprint");
        _lift(BR, 1);
        vm.assertFalse(notices.isAlert(BR, 1), "lifted");
        vm.expectRevert(abi.encodeWithSelector(INotices.AlreadyLifted.selector, BR, 1));
        _lift(BR, 1);
        vm.expectRevert(abi.encodeWithSelector(INotices.AlertUnknown.selector, CN, 1));
        _lift(CN, 1);
        _publish(CN, _plain(CHANGE));
        vm.expectRevert(abi.encodeWithSelector(INotices.AlertUnknown.selector, CN, 1));
        _lift(CN, 1);
    }

    function test_a_suspended_publisher_lifts_and_an_expelled_one_does_not() public {
        _publish(BR, Notice(ALERT, 1, CN, 0));
        _publish(BR, Notice(ALERT, 1, DE, 0));
        _suspend(BR);
        _refused(BR, _plain(CHANGE), abi.encodeWithSelector(IAccounts.MemberNotActive.selector, BR));
        _lift(BR, 1);
        _decide(EXPEL, BR, abi.encode(uint16(9)));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, BR));
        _lift(BR, 2);
        vm.assertTrue(notices.isAlert(BR, 2), "stands");
    }

    function test_only_operating_accounts_publish() public {
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        vm.prank(STRANGER, STRANGER);
        notices.publish(_plain(CHANGE), TEXT);
        _freeze(CN);
        _refused(CN, _plain(CHANGE), abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        _lift(CN, 1);
    }

    function test_texts_are_bounded() public {
        vm.expectRevert(abi.encodeWithSelector(ITexts.TextLength.selector, 0, 24_576));
        _publish(CN, _plain(CHANGE), "");
        vm.expectRevert(abi.encodeWithSelector(ITexts.TextLength.selector, 24_577, 24_576));
        _publish(CN, _plain(CHANGE), new bytes(24_577));
        _publish(CN, _plain(CHANGE), new bytes(24_576));
    }

    /// @dev Else the text would be in no transaction's own bytes, where readers look for it.
    function test_a_text_does_not_come_through_a_contract() public {
        Relay relay = new Relay();
        vm.prank(_operating(CN));
        members.replaceOperating(address(relay));
        vm.expectRevert(abi.encodeWithSelector(ITexts.NotDirect.selector, address(relay)));
        vm.prank(STRANGER, STRANGER);
        relay.publish(notices, _plain(CHANGE), TEXT);
    }

    /// @dev EIP-7702: the account sends its own transaction, and yet the call is made by code.
    function test_a_text_does_not_come_from_an_account_that_delegates() public {
        vm.etch(_operating(CN), abi.encodePacked(hex"ef0100", address(new Relay())));
        _refused(
            CN, _plain(CHANGE), abi.encodeWithSelector(ITexts.NotDirect.selector, _operating(CN))
        );
    }

    function testFuzz_the_hash_is_of_the_text(bytes calldata text) public {
        vm.assume(text.length > 0);
        vm.expectEmit(address(notices));
        emit INotices.NoticePublished(CN, 1, CHANGE, 0, 0, 0, sha256(text), uint32(text.length));
        _publish(CN, _plain(CHANGE), text);
    }

    function _plain(uint8 kind) private pure returns (Notice memory) {
        return Notice(kind, 0, 0, 0);
    }

    function _publish(uint32 member, Notice memory notice) private returns (uint32) {
        return _publish(member, notice, TEXT);
    }

    function _publish(uint32 member, Notice memory notice, bytes memory text)
        private
        returns (uint32)
    {
        vm.prank(_operating(member), _operating(member));
        return notices.publish(notice, text);
    }

    function _lift(uint32 member, uint32 number) private {
        vm.prank(_operating(member));
        notices.lift(number);
    }

    function _refused(uint32 member, Notice memory notice, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _publish(member, notice);
    }

    function _wrongSubject(uint32 member, Notice memory notice) private {
        _refused(
            member,
            notice,
            abi.encodeWithSelector(
                INotices.SubjectInvalid.selector,
                notice.subjectKind,
                notice.subjectMember,
                notice.subjectHash
            )
        );
    }
}
