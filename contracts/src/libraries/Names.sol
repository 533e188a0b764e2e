// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Names of contracts and parameters: one way to write each
library Names {
    bytes32 internal constant MEMBERS = "members";
    bytes32 internal constant KEYS = "keys";
    bytes32 internal constant ANCHORS = "anchors";
    bytes32 internal constant STATUSES = "statuses";
    bytes32 internal constant ACCREDITATIONS = "accreditations";
    bytes32 internal constant ARRANGEMENTS = "arrangements";
    bytes32 internal constant NOTICES = "notices";

    /// @notice Is this at least one of `[a-z0-9_]`, then zeros only?
    function isWellFormed(bytes32 name) internal pure returns (bool) {
        uint256 length = 0;
        while (length < 32 && _isLetter(name[length])) length++;
        for (uint256 i = length; i < 32; i++) {
            if (name[i] != 0) return false;
        }
        return length > 0;
    }

    function _isLetter(bytes1 c) private pure returns (bool) {
        return (c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "_";
    }
}
