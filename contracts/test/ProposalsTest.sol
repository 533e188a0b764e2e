// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../src/interfaces/IMembers.sol";
import {Standing} from "../src/types/Account.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @title Short forms for what proposals are refused for. Voters: CN, DE, BR, BR.
abstract contract ProposalsTest is LedgerTest {
    bytes internal constant REASON = abi.encode(uint16(7));

    function _voteAs(address account, uint256 proposal, bool yes) internal {
        vm.prank(account);
        members.vote(proposal, yes);
    }

    function _refused(uint8 kind, uint32 subject, bytes memory payload, bytes memory refusal)
        internal
    {
        vm.expectRevert(refusal);
        vm.prank(_operating(CN));
        members.propose(kind, subject, payload);
    }

    function _malformed(uint8 kind, uint32 subject, bytes memory payload) internal {
        _refused(
            kind, subject, payload, abi.encodeWithSelector(IMembers.PayloadMalformed.selector, kind)
        );
    }

    function _expectPropose(uint32 member, bytes memory refusal) internal {
        vm.expectRevert(refusal);
        vm.prank(_operating(member));
        members.propose(PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
    }

    function _expectNotPassed(
        uint256 proposal,
        uint256 yes,
        uint256 eligible,
        uint256 yesEconomies,
        uint256 eligibleEconomies
    ) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IMembers.NotPassed.selector,
                proposal,
                yes,
                eligible,
                yesEconomies,
                eligibleEconomies
            )
        );
        members.execute(proposal);
    }

    function _standing(uint32 member, Standing standing) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMembers.StandingForbids.selector, member, standing);
    }
}
