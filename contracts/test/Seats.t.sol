// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IMembers} from "../src/interfaces/IMembers.sol";
import {ProposalsTest} from "./ProposalsTest.sol";

/// @notice Cosigner seats: given and taken by vote, never by anything else.
contract SeatsTest is ProposalsTest {
    bytes private constant GIVE = abi.encode(uint256(1));
    bytes private constant TAKE = abi.encode(uint256(0));

    function test_a_seat_is_given_and_taken_by_vote() public {
        uint256 proposal = _propose(CN, SEAT, DE, GIVE);
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        vm.expectEmit(address(members));
        emit IMembers.SeatGiven(DE);
        members.execute(proposal);
        vm.assertTrue(members.isSeated(DE), "seated");
        vm.assertEq(members.seatCount(), 1);
        proposal = _propose(CN, SEAT, DE, TAKE);
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        vm.expectEmit(address(members));
        emit IMembers.SeatTaken(DE);
        members.execute(proposal);
        vm.assertFalse(members.isSeated(DE), "not seated");
        vm.assertEq(members.seatCount(), 0);
    }

    function test_payloads_are_exact() public {
        _malformed(SEAT, DE, "");
        _malformed(SEAT, DE, abi.encode(uint256(2)));
        _malformed(SEAT, DE, abi.encode(uint256(1), uint256(0)));
        _malformed(SEAT, DE, abi.encodePacked(uint8(1)));
    }

    function test_the_subject_is_a_member_that_votes_now() public {
        _refused(SEAT, 0, GIVE, abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 0));
        _refused(SEAT, 99, GIVE, abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 99));
        _refused(SEAT, OBSERVER, GIVE, _cannotBeSeated(OBSERVER));
        _freeze(BR);
        _refused(SEAT, BR, GIVE, _cannotBeSeated(BR));
        _suspend(DE);
        _refused(SEAT, DE, GIVE, _cannotBeSeated(DE));
    }

    function test_nobody_votes_on_its_own_seat() public {
        _refused(SEAT, CN, GIVE, abi.encodeWithSelector(IMembers.SubjectCannotVote.selector, CN));
    }

    function test_a_seat_is_given_and_taken_once() public {
        _refused(SEAT, DE, TAKE, _unchanged(DE, false));
        _decide(SEAT, DE, GIVE);
        _refused(SEAT, DE, GIVE, _unchanged(DE, true));
    }

    function test_losing_standing_does_not_change_the_set() public {
        _decide(SEAT, DE, GIVE);
        _suspend(DE);
        vm.assertTrue(members.isSeated(DE), "suspended");
        _decide(EXPEL, DE, REASON);
        vm.assertTrue(members.isSeated(DE), "expelled");
        _decide(SEAT, DE, TAKE);
        vm.assertFalse(members.isSeated(DE), "taken");
        _refused(SEAT, DE, GIVE, _cannotBeSeated(DE));
    }

    function test_a_seat_is_checked_again_when_executed() public {
        uint256 proposal = _propose(CN, SEAT, DE, GIVE);
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        _freeze(DE);
        vm.expectRevert(_cannotBeSeated(DE));
        members.execute(proposal);
    }

    function test_there_are_fifteen_seats() public {
        for (uint32 member = 6; member <= 19; member++) {
            _decide(ADMIT, 0, abi.encode(_admission(member, "US", 1)));
        }
        for (uint32 member = 2; member <= 17; member++) {
            if (member == OBSERVER) continue;
            _decide(SEAT, member, GIVE);
        }
        vm.assertEq(members.seatCount(), 15);
        _refused(SEAT, 18, GIVE, abi.encodeWithSelector(IMembers.TooManySeats.selector, 15));
        _decide(SEAT, 17, TAKE);
        _decide(SEAT, 18, GIVE);
        vm.assertEq(members.seatCount(), 15);
    }

    function _cannotBeSeated(uint32 member) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMembers.CannotBeSeated.selector, member);
    }

    function _unchanged(uint32 member, bool seated) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMembers.SeatUnchanged.selector, member, seated);
    }
}
