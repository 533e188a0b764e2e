// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Declaration} from "../src/interfaces/IStatuses.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @title Declarations in their shortest valid form
abstract contract StatusesTestBase is LedgerTest {
    uint8 internal constant IN_FORCE = 1;
    uint8 internal constant SUSPENDED = 2;
    uint8 internal constant WITHDRAWN = 3;
    uint8 internal constant CANCELLED = 4;
    uint8 internal constant SUPERSEDED = 5;
    bytes32 internal constant SLOT = "slot";

    function _declaration(uint8 state) internal pure returns (Declaration memory) {
        return _at(SLOT, state);
    }

    function _at(bytes32 slot, uint8 state) internal pure returns (Declaration memory) {
        return Declaration({
            slot: slot,
            state: state,
            reason: 7,
            effectiveAt: START,
            until: state == SUSPENDED ? START + 90 days : 0,
            linkedMember: 0,
            linkedSlot: 0
        });
    }

    function _linked(Declaration memory declaration) internal pure returns (Declaration memory) {
        (declaration.linkedMember, declaration.linkedSlot) = (DE, "linked");
        return declaration;
    }

    function _declare(uint32 member, Declaration memory declaration) internal {
        vm.prank(_operating(member));
        statuses.declare(declaration);
    }

    function _annul(uint32 member, bytes32 slot, uint32 sequence) internal {
        vm.prank(_recovery(member));
        statuses.annul(slot, sequence);
    }

    function _refused(uint32 member, Declaration memory declaration, bytes memory refusal)
        internal
    {
        vm.expectRevert(refusal);
        _declare(member, declaration);
    }
}
