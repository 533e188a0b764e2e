// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IArrangements} from "../src/interfaces/IArrangements.sol";
import {ITexts} from "../src/interfaces/ITexts.sol";
import {ITimes} from "../src/interfaces/ITimes.sol";
import {ArrangementsTestBase} from "./ArrangementsTestBase.sol";

/// @notice Making an arrangement, and inviting to it.
contract MakingArrangementsTest is ArrangementsTestBase {
    uint32[] private _nobody;

    function test_making_invites_the_keeper_where_it_can_be_a_party() public {
        vm.expectEmit(address(arrangements));
        emit IArrangements.ArrangementMade(2, BR, 3, sha256(TEXT), uint32(TEXT.length));
        vm.expectEmit(address(arrangements));
        emit IArrangements.ArrangementParty(2, BR, 0, INVITED, 0, 0, 0);
        vm.expectEmit(address(arrangements));
        emit IArrangements.ArrangementParty(2, CN, 0, INVITED, 0, 0, 0);
        uint32[] memory parties = new uint32[](1);
        parties[0] = CN;
        vm.assertEq(_make(BR, BODIES, parties, TEXT), 2);
        vm.assertTrue(arrangements.isInvited(2, BR), "keeper");
        vm.assertFalse(arrangements.isInvited(_id, BR_AUTHORITY), "no party");
        (uint32 keeper, uint8 roles) = arrangements.get(2);
        vm.assertEq(keeper, BR);
        vm.assertEq(roles, BODIES);
        vm.assertEq(arrangements.count(), 2);
        vm.assertEq(arrangements.eventCount(2, CN), 1);
    }

    function test_making_needs_an_active_member_that_is_no_observer() public {
        vm.expectRevert(abi.encodeWithSelector(IArrangements.ObserverCannotMake.selector, OBSERVER));
        _make(OBSERVER, BODIES, _nobody, TEXT);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        vm.prank(STRANGER, STRANGER);
        arrangements.make(BODIES, _nobody, TEXT);
        _suspend(DE);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, DE));
        _make(DE, BODIES, _nobody, TEXT);
        _freeze(CN);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        _make(CN, BODIES, _nobody, TEXT);
    }

    function test_roles_are_those_of_parties() public {
        uint8[4] memory invalid = [0, 8, 9, 255];
        for (uint256 i = 0; i < invalid.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(IArrangements.PartyRolesInvalid.selector, invalid[i])
            );
            _make(CN, invalid[i], _nobody, TEXT);
        }
        _make(CN, 7, _nobody, TEXT);
    }

    function test_a_text_is_needed_and_bounded() public {
        vm.expectRevert(abi.encodeWithSelector(ITexts.TextLength.selector, 0, 24_576));
        _make(CN, BODIES, _nobody, "");
        vm.expectRevert(abi.encodeWithSelector(ITexts.TextLength.selector, 24_577, 24_576));
        _make(CN, BODIES, _nobody, new bytes(24_577));
        _make(CN, BODIES, _nobody, new bytes(24_576));
    }

    function test_a_text_is_of_the_transaction_itself() public {
        vm.expectRevert(abi.encodeWithSelector(ITexts.NotDirect.selector, _operating(CN)));
        vm.prank(_operating(CN), STRANGER);
        arrangements.make(BODIES, _nobody, TEXT);
    }

    function test_invites_members_with_one_of_its_roles_once() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, BODIES)
        );
        _invite(BR_AUTHORITY, BR_AUTHORITY);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 99));
        _invite(BR_AUTHORITY, 99);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.AlreadyInvited.selector, _id, CN));
        _invite(BR_AUTHORITY, CN);
        _invite(BR_AUTHORITY, BR);
        vm.assertTrue(arrangements.isInvited(_id, BR), "invited");
    }

    function test_makes_nothing_with_a_party_that_cannot_be_one() public {
        uint32[] memory parties = new uint32[](1);
        parties[0] = BR_AUTHORITY;
        vm.expectRevert(
            abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, BODIES)
        );
        _make(CN, BODIES, parties, TEXT);
        parties[0] = CN; // the keeper is invited by making
        vm.expectRevert(abi.encodeWithSelector(IArrangements.AlreadyInvited.selector, 2, CN));
        _make(CN, BODIES, parties, TEXT);
        vm.assertEq(arrangements.count(), 1);
    }

    function test_invites_at_most_256_at_once() public {
        vm.expectRevert(abi.encodeWithSelector(IArrangements.TooManyParties.selector, 257, 256));
        _make(CN, BODIES, new uint32[](257), TEXT);
    }

    function test_only_the_active_keeper_invites() public {
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotKeeper.selector, _id, CN));
        _invite(CN, BR);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.ArrangementUnknown.selector, 9));
        vm.prank(_operating(CN));
        arrangements.invite(9, BR);
        _suspend(BR_AUTHORITY);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, BR_AUTHORITY));
        _invite(BR_AUTHORITY, BR);
    }

    function test_an_unknown_arrangement_has_no_keeper() public {
        vm.expectRevert(abi.encodeWithSelector(IArrangements.ArrangementUnknown.selector, 0));
        arrangements.get(0);
    }

    function _invite(uint32 keeper, uint32 party) private {
        vm.prank(_operating(keeper));
        arrangements.invite(_id, party);
    }
}

/// @notice What becomes of a party.
contract PartiesTest is ArrangementsTestBase {
    function test_accepting_is_of_one_party_in_one_scope() public {
        vm.expectEmit(address(arrangements));
        emit IArrangements.ArrangementParty(_id, CN, MSC, ACCEPTED, 0, START, 1);
        _accept(CN, MSC);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), ACCEPTED);
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), 0);
        vm.assertEq(arrangements.stateOf(_id, DE, MSC), 0);
        vm.assertEq(arrangements.eventCount(_id, CN), 2);
    }

    function test_the_whole_course_of_a_party() public {
        _accept(CN, MSC);
        _suspendParty(CN, MSC, START);
        _restoreParty(CN, MSC, START);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), ACCEPTED);
        _suspendParty(CN, MSC, START);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), SUSPENDED);
        _leave(CN, MSC);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), LEFT);
        _accept(CN, MSC);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), SUSPENDED);
        _restoreParty(CN, MSC, START);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), ACCEPTED);
        _leave(CN, MSC);
        vm.assertEq(arrangements.eventCount(_id, CN), 9);
    }

    function test_leaving_does_not_lift_a_suspension() public {
        _accept(CN, MSC);
        _suspendParty(CN, MSC, START);
        _leave(CN, MSC);
        _accept(CN, MSC);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), SUSPENDED);
        _leave(CN, MSC);
        _restoreParty(CN, MSC, START);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), LEFT);
        _accept(CN, MSC);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), ACCEPTED);
    }

    function test_forbidden_moves() public {
        _refusesAllButAccepting(0);
        _accept(CN, MSC);
        vm.expectRevert(_forbids(CN, MSC, ACCEPTED, ACCEPTED));
        _accept(CN, MSC);
        vm.expectRevert(_forbids(CN, MSC, ACCEPTED, RESTORED));
        _restoreParty(CN, MSC, START);
        _suspendParty(CN, MSC, START);
        vm.expectRevert(_forbids(CN, MSC, SUSPENDED, ACCEPTED));
        _accept(CN, MSC);
        vm.expectRevert(_forbids(CN, MSC, SUSPENDED, SUSPENDED));
        _suspendParty(CN, MSC, START);
        _restoreParty(CN, MSC, START);
        _leave(CN, MSC);
        _refusesAllButAccepting(LEFT);
    }

    function test_a_part_of_what_was_accepted_is_left_or_suspended() public {
        _accept(CN, MSC);
        _suspendParty(CN, QMS, START);
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), SUSPENDED);
        vm.assertEq(arrangements.stateOf(_id, CN, MSC), ACCEPTED);
        vm.expectRevert(_forbids(CN, QMS, SUSPENDED, SUSPENDED));
        _suspendParty(CN, QMS, START);
        _restoreParty(CN, QMS, START);
        vm.assertEq(arrangements.stateOf(_id, CN, QMS), 0);
        _leave(CN, "MSC/EnMS");
        vm.assertEq(arrangements.stateOf(_id, CN, "MSC/EnMS"), LEFT);
        vm.expectRevert(_forbids(CN, "PC/X", 0, LEFT));
        _leave(CN, "PC/X");
        vm.expectRevert(_forbids(CN, "MS", 0, SUSPENDED)); // no part of MSC
        _suspendParty(CN, "MS", START);
    }

    function test_accepting_a_part_is_not_accepting_the_whole() public {
        _accept(CN, QMS);
        vm.expectRevert(_forbids(CN, MSC, 0, SUSPENDED));
        _suspendParty(CN, MSC, START);
        _accept(CN, MSC);
    }

    function test_only_who_is_invited_accepts() public {
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotInvited.selector, _id, BR));
        _accept(BR, MSC);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotInvited.selector, _id, BR));
        _leave(BR, MSC);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotInvited.selector, _id, BR));
        _suspendParty(BR, MSC, START);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.ArrangementUnknown.selector, 9));
        vm.prank(_operating(CN));
        arrangements.accept(9, MSC, START);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        vm.prank(STRANGER);
        arrangements.accept(_id, MSC, START);
    }

    function test_nobody_but_the_keeper_suspends_and_restores() public {
        _accept(CN, MSC);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotKeeper.selector, _id, DE));
        vm.prank(_operating(DE));
        arrangements.suspend(_id, CN, MSC, 7, START);
        _suspendParty(CN, MSC, START);
        vm.expectRevert(abi.encodeWithSelector(IArrangements.NotKeeper.selector, _id, CN));
        vm.prank(_operating(CN));
        arrangements.restore(_id, CN, MSC, START);
        vm.expectRevert(IAccounts.ReasonMissing.selector);
        vm.prank(_operating(BR_AUTHORITY));
        arrangements.suspend(_id, CN, MSC, 0, START);
    }

    function test_without_standing_one_only_warns_and_leaves() public {
        _accept(CN, MSC);
        _accept(DE, MSC);
        _suspend(BR_AUTHORITY);
        _suspendParty(CN, MSC, START);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, BR_AUTHORITY));
        _restoreParty(CN, MSC, START);
        _decide(RESTORE, BR_AUTHORITY, "");
        _suspend(DE);
        _leave(DE, MSC);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, DE));
        _accept(DE, MSC);
        _freeze(CN);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        _leave(CN, MSC);
    }

    function test_scopes_are_well_formed() public {
        bytes32[7] memory malformed =
            [bytes32(0), "MSC/", "/QMS", "MSC//QMS", "MSC/QMS/X", "MSC QMS", "<script>"];
        for (uint256 i = 0; i < malformed.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(IArrangements.ScopeMalformed.selector, malformed[i])
            );
            _accept(CN, malformed[i]);
        }
    }

    function test_times_are_bounded() public {
        uint64 latest = START + 365 days;
        uint64[2] memory beyond = [0, latest + 1];
        for (uint256 i = 0; i < beyond.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(ITimes.EffectiveTimeOutOfRange.selector, beyond[i], latest)
            );
            vm.prank(_operating(CN));
            arrangements.accept(_id, MSC, beyond[i]);
        }
        _accept(CN, MSC);
        _suspendParty(CN, MSC, latest);
        vm.expectRevert(
            abi.encodeWithSelector(ITimes.RestoredTooEarly.selector, latest, latest - 1)
        );
        _restoreParty(CN, MSC, latest - 1);
        _restoreParty(CN, MSC, latest);
    }

    function _refusesAllButAccepting(uint8 state) private {
        vm.expectRevert(_forbids(CN, MSC, state, LEFT));
        _leave(CN, MSC);
        vm.expectRevert(_forbids(CN, MSC, state, SUSPENDED));
        _suspendParty(CN, MSC, START);
        vm.expectRevert(_forbids(CN, MSC, state, RESTORED));
        _restoreParty(CN, MSC, START);
    }
}
