// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IMembers, ProposalState} from "../src/interfaces/IMembers.sol";
import {ProposalsTest} from "./ProposalsTest.sol";

/// @notice Who votes, and how votes are counted.
contract VotingTest is ProposalsTest {
    function test_a_vote_is_cast_once_and_stays() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        bytes memory refusal = abi.encodeWithSelector(IMembers.AlreadyVoted.selector, proposal, CN);
        vm.expectRevert(refusal);
        _voteAs(_operating(CN), proposal, false);
        vm.expectEmit(address(members));
        emit IMembers.Voted(proposal, BR, false);
        _vote(BR, proposal, false);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AlreadyVoted.selector, proposal, BR));
        _voteAs(_operating(BR), proposal, true);
    }

    function test_a_new_operating_account_has_no_second_vote() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        vm.prank(_operating(CN));
        members.replaceOperating(_fresh(CN));
        vm.expectRevert(abi.encodeWithSelector(IMembers.AlreadyVoted.selector, proposal, CN));
        _voteAs(_fresh(CN), proposal, true);
    }

    function test_who_may_not_vote() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        vm.expectRevert(abi.encodeWithSelector(IMembers.SubjectCannotVote.selector, DE));
        _voteAs(_operating(DE), proposal, false);
        vm.expectRevert(abi.encodeWithSelector(IMembers.ObserverCannotVote.selector, OBSERVER));
        _voteAs(_operating(OBSERVER), proposal, true);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        _voteAs(STRANGER, proposal, true);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _recovery(BR)));
        _voteAs(_recovery(BR), proposal, true);
        _freeze(BR);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, BR));
        _voteAs(_operating(BR), proposal, true);
    }

    function test_unknown_proposals() public {
        bytes memory refusal = abi.encodeWithSelector(IMembers.ProposalUnknown.selector, 1);
        vm.expectRevert(refusal);
        _voteAs(_operating(CN), 1, true);
        vm.expectRevert(refusal);
        members.execute(1);
        vm.assertTrue(members.proposalState(1).state == ProposalState.None, "none");
    }

    function test_a_proposal_runs_out_after_90_days() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        uint64 expiry = START + 90 days;
        vm.warp(expiry);
        _vote(BR, proposal, true);
        vm.warp(expiry + 1);
        bytes memory refusal =
            abi.encodeWithSelector(IMembers.ProposalExpired.selector, proposal, expiry);
        vm.expectRevert(refusal);
        _voteAs(_operating(BR_AUTHORITY), proposal, true);
        vm.expectRevert(refusal);
        members.execute(proposal);
        vm.assertTrue(members.proposalState(proposal).state == ProposalState.Expired, "expired");
    }

    function test_two_thirds_are_not_enough() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        _vote(BR, proposal, true);
        _expectNotPassed(proposal, 2, 3, 2, 2);
        _vote(BR_AUTHORITY, proposal, true);
        vm.expectEmit(address(members));
        emit IMembers.Executed(proposal);
        vm.expectEmit(address(members));
        emit IMembers.MemberSuspended(DE, 7);
        vm.prank(STRANGER);
        members.execute(proposal);
    }

    function test_votes_of_half_the_economies_are_not_enough() public {
        for (uint32 i = 0; i < 5; i++) {
            _decide(ADMIT, 0, abi.encode(_admission(6 + i, "BR", 1)));
        }
        // 9 voters: CN, DE, 7 × BR. Seven BR votes are over two thirds, from one economy of three.
        uint256 proposal = _propose(BR, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        _vote(BR_AUTHORITY, proposal, true);
        for (uint32 member = 6; member <= 10; member++) {
            _vote(member, proposal, true);
        }
        _expectNotPassed(proposal, 7, 9, 1, 3);
        _vote(DE, proposal, true);
        members.execute(proposal);
        vm.assertEq(directory.parameter("x"), 1);
    }

    function test_exactly_half_of_the_economies_is_not_over_half() public {
        _decide(ADMIT, 0, abi.encode(_admission(6, "BR", 1)));
        _decide(ADMIT, 0, abi.encode(_admission(7, "BR", 1)));
        // Subject DE: voters CN and 4 × BR, two economies.
        uint256 proposal = _propose(BR, SUSPEND, DE, REASON);
        _vote(BR_AUTHORITY, proposal, true);
        _vote(6, proposal, true);
        _vote(7, proposal, true);
        _expectNotPassed(proposal, 4, 5, 1, 2);
    }

    function test_a_vote_does_not_outlive_the_voters_standing() public {
        uint256 proposal = _propose(CN, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        vm.assertTrue(members.proposalState(proposal).passes, "3 of 4");
        _suspend(DE);
        _expectNotPassed(proposal, 2, 3, 2, 2);
        _vote(BR_AUTHORITY, proposal, false);
        _decide(RESTORE, DE, "");
        vm.assertTrue(members.proposalState(proposal).passes, "3 of 4 again");
    }

    function test_a_vote_does_not_outlive_a_freeze() public {
        uint256 proposal = _propose(CN, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        _freeze(BR);
        _expectNotPassed(proposal, 2, 3, 2, 3);
    }

    function test_members_admitted_later_count() public {
        uint256 proposal = _propose(CN, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        _decide(ADMIT, 0, abi.encode(_admission(6, "US", 1)));
        _expectNotPassed(proposal, 3, 5, 3, 4);
        _vote(6, proposal, true);
        members.execute(proposal);
    }

    function test_executes_once() public {
        uint256 proposal = _propose(CN, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        members.execute(proposal);
        bytes memory refusal = abi.encodeWithSelector(IMembers.ProposalExecuted.selector, proposal);
        vm.expectRevert(refusal);
        members.execute(proposal);
        vm.expectRevert(refusal);
        _voteAs(_operating(BR_AUTHORITY), proposal, true);
        vm.assertTrue(members.proposalState(proposal).state == ProposalState.Executed, "executed");
    }

    function test_counts_voters() public {
        vm.assertEq(members.voterCount(), 4);
        _freeze(BR);
        _suspend(DE);
        vm.assertEq(members.voterCount(), 2);
    }
}
