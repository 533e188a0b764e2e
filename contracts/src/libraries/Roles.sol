// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a member may be: a bitmask
library Roles {
    uint8 internal constant CERTIFICATION_BODY = 1;
    uint8 internal constant ACCREDITATION_BODY = 2;
    uint8 internal constant AUTHORITY = 4;
    uint8 internal constant OBSERVER = 8;

    /// @notice Is this one of the voting roles in any sum, or observer alone?
    function areValid(uint8 roles) internal pure returns (bool) {
        return roles == OBSERVER || (roles > 0 && roles < OBSERVER);
    }

    /// @notice Does the mask contain this role?
    function contain(uint8 roles, uint8 role) internal pure returns (bool) {
        return roles & role != 0;
    }
}
