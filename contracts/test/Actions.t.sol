// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchors} from "../src/Anchors.sol";
import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {FirstKey, IKeys} from "../src/interfaces/IKeys.sol";
import {Admission, IMembers, ProposalState} from "../src/interfaces/IMembers.sol";
import {Standing} from "../src/types/Account.sol";
import {ProposalsTest} from "./ProposalsTest.sol";

/// @notice What each kind of proposal does, and what it is checked for again.
contract ActionsTest is ProposalsTest {
    function test_admission_brings_its_keys() public {
        Admission memory admission = _admission(6, "US", 1);
        bytes32 thumbprint = sha256(admission.keys[0].publicKey);
        uint256 proposal = _propose(CN, ADMIT, 0, abi.encode(admission));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        vm.expectEmit(address(members));
        emit IMembers.Executed(proposal);
        vm.expectEmit(address(members));
        emit IMembers.MemberAdmitted(
            6, admission.names, "US", 1, admission.endpoint, admission.operating, admission.recovery
        );
        vm.expectEmit(address(keys));
        emit IKeys.KeyAdded(6, thumbprint, 1, admission.keys[0].publicKey, "");
        members.execute(proposal);
        vm.assertEq(members.count(), 6);
        (uint8 purpose,) = keys.keyOf(6, thumbprint);
        vm.assertEq(purpose, 1);
    }

    function test_an_admission_is_checked_again_when_executed() public {
        Admission memory admission = _admission(6, "US", 1);
        uint256 first = _propose(CN, ADMIT, 0, abi.encode(admission));
        uint256 second = _propose(CN, ADMIT, 0, abi.encode(admission));
        for (uint32 member = 2; member <= 3; member++) {
            _vote(member, first, true);
            _vote(member, second, true);
        }
        members.execute(first);
        _vote(BR_AUTHORITY, second, true);
        vm.expectRevert(abi.encodeWithSelector(IMembers.EndpointUsed.selector, admission.endpoint));
        members.execute(second);
        vm.assertTrue(members.proposalState(second).state == ProposalState.Open, "not used up");
    }

    function test_a_key_twice_in_one_admission_fails_on_execution() public {
        Admission memory admission = _admission(6, "US", 1);
        admission.keys = new FirstKey[](2);
        admission.keys[0] = FirstKey(1, _jwk(6), "");
        admission.keys[1] = FirstKey(2, _jwk(6), "");
        uint256 proposal = _propose(CN, ADMIT, 0, abi.encode(admission));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        vm.expectRevert(abi.encodeWithSelector(IKeys.KeyExists.selector, 6, sha256(_jwk(6))));
        members.execute(proposal);
        vm.assertEq(members.count(), 5);
    }

    function test_the_largest_admission_fits() public {
        Admission memory admission = _admission(6, "US", 1);
        admission.names = string(new bytes(1024));
        admission.keys = new FirstKey[](8);
        for (uint8 i = 0; i < 8; i++) {
            bytes memory key = new bytes(512);
            (key[0], key[1], key[511]) = ("{", bytes1(i), "}");
            admission.keys[i] = FirstKey(1, key, "");
        }
        _decide(ADMIT, 0, abi.encode(admission));
        vm.assertEq(members.count(), 6);
    }

    function test_suspend_restore_expel() public {
        _suspend(DE);
        vm.assertTrue(members.get(DE).standing == Standing.Suspended, "suspended");
        vm.assertFalse(members.isActive(DE), "not active");
        _decide(RESTORE, DE, "");
        vm.assertTrue(members.isActive(DE), "restored");
        _suspend(DE);
        _decide(EXPEL, DE, abi.encode(uint16(9)));
        vm.assertTrue(members.get(DE).standing == Standing.Expelled, "expelled");
        bytes memory refusal = _standing(DE, Standing.Expelled);
        _refused(RESTORE, DE, "", refusal);
        _refused(SUSPEND, DE, REASON, refusal);
        _refused(EXPEL, DE, REASON, refusal);
    }

    function test_a_standing_is_checked_again_when_executed() public {
        uint256 proposal = _propose(CN, SUSPEND, DE, REASON);
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        _suspend(DE);
        vm.expectRevert(_standing(DE, Standing.Suspended));
        members.execute(proposal);
    }

    function test_a_vote_replaces_a_lost_recovery_account() public {
        uint256 proposal = _propose(CN, RECOVERY_ACCOUNT, DE, abi.encode(_fresh(DE)));
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        vm.expectEmit(address(members));
        emit IMembers.RecoveryAccountChanged(DE, _recovery(DE), _fresh(DE));
        members.execute(proposal);
        vm.assertEq(members.memberOfRecovery(_fresh(DE)), DE);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotRecovery.selector, _recovery(DE)));
        vm.prank(_recovery(DE));
        members.freeze();
        vm.prank(_fresh(DE));
        members.freeze();
    }

    function test_a_recovery_account_is_checked_again_when_executed() public {
        uint256 proposal = _propose(CN, RECOVERY_ACCOUNT, DE, abi.encode(_fresh(DE)));
        _vote(BR, proposal, true);
        _vote(BR_AUTHORITY, proposal, true);
        vm.prank(_operating(BR));
        members.replaceOperating(_fresh(DE));
        vm.expectRevert(abi.encodeWithSelector(IMembers.AddressUsed.selector, _fresh(DE)));
        members.execute(proposal);
    }

    function test_a_vote_sets_a_parameter() public {
        _decide(PARAMETER, 0, abi.encode(bytes32("finality_depth"), uint256(12)));
        vm.assertEq(directory.parameter("finality_depth"), 12);
    }

    function test_a_vote_replaces_a_contract() public {
        Anchors next = new Anchors(members);
        uint256 proposal = _propose(CN, CODE, 0, abi.encode(bytes32("anchors"), address(next)));
        _vote(DE, proposal, true);
        _vote(BR, proposal, true);
        vm.expectEmit(address(directory));
        emit IDirectory.ContractSet("anchors", address(next), address(next).codehash);
        members.execute(proposal);
        vm.assertEq(directory.at("anchors"), address(next));
    }

    function testFuzz_short_payloads_never_get_through(uint8 kind, bytes calldata payload) public {
        kind = uint8(_bound(kind, 1, SEAT));
        vm.assume(payload.length < 640 && payload.length != 32 && payload.length != 64);
        _suspend(DE);
        vm.assume(kind != RESTORE || payload.length > 0);
        vm.prank(_operating(CN));
        uint32 subject = kind == SEAT || (kind > ADMIT && kind < PARAMETER) ? DE : 0;
        (bool done,) =
            address(members).call(abi.encodeCall(members.propose, (kind, subject, payload)));
        vm.assertFalse(done, "accepted");
    }
}
