// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The states of a certificate and the only moves between them
library States {
    /// @dev No event yet: in force because the certificate is anchored.
    uint8 internal constant GRANTED = 0;
    uint8 internal constant IN_FORCE = 1;
    uint8 internal constant SUSPENDED = 2;
    uint8 internal constant WITHDRAWN = 3;
    uint8 internal constant CANCELLED = 4;
    uint8 internal constant SUPERSEDED = 5;

    /// @notice Can this state be declared?
    function isKnown(uint8 state) internal pure returns (bool) {
        return state >= IN_FORCE && state <= SUPERSEDED;
    }

    /// @notice May a slot move like this? (A first event "in force" is a grant, not a move.)
    function allows(uint8 from, uint8 to) internal pure returns (bool) {
        if (from == GRANTED || from == IN_FORCE) return to >= SUSPENDED && to <= SUPERSEDED;
        if (from == SUSPENDED) return to == IN_FORCE || (to >= WITHDRAWN && to <= SUPERSEDED);
        return false;
    }

    /// @notice Must a reason be given?
    function needsReason(uint8 state) internal pure returns (bool) {
        return state == SUSPENDED || state == WITHDRAWN;
    }

    /// @notice Is this open to members without standing?
    function onlyWarns(uint8 state) internal pure returns (bool) {
        return state == SUSPENDED || state == WITHDRAWN || state == CANCELLED;
    }
}
