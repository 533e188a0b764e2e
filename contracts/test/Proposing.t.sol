// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {IKeys} from "../src/interfaces/IKeys.sol";
import {Admission, IMembers, ProposalState, Tally} from "../src/interfaces/IMembers.sol";
import {Standing} from "../src/types/Account.sol";
import {ProposalsTest} from "./ProposalsTest.sol";

/// @notice Who proposes, and what can be proposed at all.
contract ProposingTest is ProposalsTest {
    function test_proposing_is_voting_yes() public {
        vm.expectEmit(address(members));
        emit IMembers.Proposed(1, SUSPEND, DE, CN, REASON);
        vm.expectEmit(address(members));
        emit IMembers.Voted(1, CN, true);
        vm.assertEq(_propose(CN, SUSPEND, DE, REASON), 1);
        Tally memory tally = members.proposalState(1);
        vm.assertTrue(tally.state == ProposalState.Open, "open");
        vm.assertEq(tally.kind, SUSPEND);
        vm.assertEq(tally.subject, DE);
        vm.assertEq(tally.yes, 1);
        vm.assertEq(tally.eligible, 3);
        vm.assertEq(tally.eligibleEconomies, 2);
        vm.assertFalse(tally.passes, "one of three");
        vm.assertEq(members.proposalCount(), 1);
    }

    function test_nobody_proposes_before_the_ledger_is_open() public {
        _deploy();
        _found("CN", 1);
        _expectPropose(CN, abi.encodeWithSelector(IMembers.NotOpen.selector));
    }

    function test_only_voters_propose() public {
        _freeze(BR);
        _suspend(DE);
        _expectPropose(
            OBSERVER, abi.encodeWithSelector(IMembers.ObserverCannotVote.selector, OBSERVER)
        );
        _expectPropose(DE, abi.encodeWithSelector(IAccounts.MemberNotActive.selector, DE));
        _expectPropose(BR, abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, BR));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _recovery(CN)));
        vm.prank(_recovery(CN));
        members.propose(SUSPEND, BR, REASON);
    }

    function test_the_subject_does_not_propose() public {
        _refused(
            RECOVERY_ACCOUNT,
            CN,
            abi.encode(_fresh(CN)),
            abi.encodeWithSelector(IMembers.SubjectCannotVote.selector, CN)
        );
    }

    function test_unknown_kinds() public {
        _refused(0, 0, "", abi.encodeWithSelector(IMembers.KindUnknown.selector, 0));
        _refused(9, 0, "", abi.encodeWithSelector(IMembers.KindUnknown.selector, 9));
        _refused(255, 0, "", abi.encodeWithSelector(IMembers.KindUnknown.selector, 255));
    }

    function test_kinds_without_a_subject_take_none() public {
        uint8[3] memory kinds = [ADMIT, PARAMETER, CODE];
        for (uint256 i = 0; i < kinds.length; i++) {
            _refused(
                kinds[i],
                DE,
                "",
                abi.encodeWithSelector(IMembers.SubjectUnexpected.selector, kinds[i], DE)
            );
        }
    }

    function test_payloads_are_exact() public {
        _malformed(SUSPEND, DE, "");
        _malformed(SUSPEND, DE, abi.encodePacked(uint16(7)));
        _malformed(SUSPEND, DE, abi.encodePacked(REASON, uint8(0)));
        _malformed(SUSPEND, DE, abi.encode(uint256(65_536)));
        _malformed(EXPEL, DE, abi.encode(uint256(65_536)));
        _malformed(RECOVERY_ACCOUNT, DE, abi.encode(uint256(type(uint160).max) + 1));
        _malformed(RECOVERY_ACCOUNT, DE, abi.encodePacked(STRANGER));
        _malformed(PARAMETER, 0, abi.encode(bytes32("x")));
        _malformed(PARAMETER, 0, abi.encode(bytes32("x"), uint256(1), uint256(2)));
        _malformed(CODE, 0, abi.encode(bytes32("x"), uint256(type(uint160).max) + 1));
        _malformed(ADMIT, 0, "");
        _malformed(ADMIT, 0, new bytes(640));
        bytes memory admission = abi.encode(_admission(9, "FR", 1));
        _malformed(ADMIT, 0, abi.encodePacked(admission, bytes32(0)));
        _malformed(ADMIT, 0, new bytes(8193));
        _suspend(DE);
        _malformed(RESTORE, DE, "x");
    }

    function test_actions_that_are_impossible_now_are_not_proposed() public {
        bytes memory missing = abi.encodeWithSelector(IAccounts.ReasonMissing.selector);
        _refused(SUSPEND, DE, abi.encode(uint16(0)), missing);
        _refused(EXPEL, DE, abi.encode(uint16(0)), missing);
        bytes memory unknown = abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 0);
        _refused(SUSPEND, 0, REASON, unknown);
        _refused(EXPEL, 0, REASON, unknown);
        _refused(RESTORE, 0, "", unknown);
        _refused(RECOVERY_ACCOUNT, 0, abi.encode(_fresh(1)), unknown);
        _refused(RESTORE, DE, "", _standing(DE, Standing.Active));
        _refused(
            RECOVERY_ACCOUNT,
            DE,
            abi.encode(_operating(BR)),
            abi.encodeWithSelector(IMembers.AddressUsed.selector, _operating(BR))
        );
        _refused(
            RECOVERY_ACCOUNT,
            DE,
            abi.encode(address(0)),
            abi.encodeWithSelector(IAccounts.ZeroAddress.selector)
        );
        _refused(
            PARAMETER,
            0,
            abi.encode(bytes32("X"), uint256(1)),
            abi.encodeWithSelector(IDirectory.NameMalformed.selector, bytes32("X"))
        );
        _refused(
            CODE,
            0,
            abi.encode(bytes32("keys"), STRANGER),
            abi.encodeWithSelector(IDirectory.NoCode.selector, STRANGER)
        );
        _suspend(DE);
        _refused(SUSPEND, DE, REASON, _standing(DE, Standing.Suspended));
    }

    function test_an_admission_is_checked_when_proposed() public {
        Admission memory admission = _admission(9, "FR", 1);
        admission.keys[0].purpose = 9;
        _refused(
            ADMIT,
            0,
            abi.encode(admission),
            abi.encodeWithSelector(IKeys.PurposeUnknown.selector, 9)
        );
        admission = _admission(9, "FR", 1);
        admission.endpoint = _endpoint(CN);
        _refused(
            ADMIT,
            0,
            abi.encode(admission),
            abi.encodeWithSelector(IMembers.EndpointUsed.selector, _endpoint(CN))
        );
    }
}
