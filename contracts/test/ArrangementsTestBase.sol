// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArrangements} from "../src/interfaces/IArrangements.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @title An arrangement kept by the authority; CN and DE invited
abstract contract ArrangementsTestBase is LedgerTest {
    uint8 internal constant INVITED = 1;
    uint8 internal constant ACCEPTED = 2;
    uint8 internal constant LEFT = 3;
    uint8 internal constant SUSPENDED = 4;
    uint8 internal constant RESTORED = 5;
    uint8 internal constant BODIES = 3;
    bytes32 internal constant MSC = "MSC";
    bytes32 internal constant QMS = "MSC/QMS";
    bytes internal constant TEXT = "We recognise each other.";

    uint32 internal _id;

    function setUp() public virtual override {
        super.setUp();
        uint32[] memory parties = new uint32[](2);
        (parties[0], parties[1]) = (CN, DE);
        _id = _make(BR_AUTHORITY, BODIES, parties, TEXT);
    }

    function _make(uint32 keeper, uint8 roles, uint32[] memory parties, bytes memory text)
        internal
        returns (uint32)
    {
        vm.prank(_operating(keeper), _operating(keeper));
        return arrangements.make(roles, parties, text);
    }

    function _accept(uint32 party, bytes32 scope) internal {
        vm.prank(_operating(party));
        arrangements.accept(_id, scope, START);
    }

    function _leave(uint32 party, bytes32 scope) internal {
        vm.prank(_operating(party));
        arrangements.leave(_id, scope, START);
    }

    function _suspendParty(uint32 party, bytes32 scope, uint64 effectiveAt) internal {
        vm.prank(_operating(BR_AUTHORITY));
        arrangements.suspend(_id, party, scope, 7, effectiveAt);
    }

    function _restoreParty(uint32 party, bytes32 scope, uint64 effectiveAt) internal {
        vm.prank(_operating(BR_AUTHORITY));
        arrangements.restore(_id, party, scope, effectiveAt);
    }

    function _forbids(uint32 party, bytes32 scope, uint8 state, uint8 action)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IArrangements.PartyForbids.selector, _id, party, scope, state, action
        );
    }
}
