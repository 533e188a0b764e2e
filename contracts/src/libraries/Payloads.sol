// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../interfaces/IMembers.sol";

/// @title Payloads of proposals with arguments of fixed size, exactly as `abi.encode` makes them
/// @dev Lengths and ranges are checked first: a bare `abi.decode` accepts bytes behind the
///      arguments and reverts without an error of ours.
library Payloads {
    /// @dev Longest admission: names, endpoint and eight keys of 512 bytes with room to spare.
    uint256 internal constant MAX_LENGTH = 8192;

    /// @notice A reason code.
    function reason(uint8 kind, bytes memory payload) internal pure returns (uint16) {
        return uint16(_word(kind, payload, type(uint16).max));
    }

    /// @notice Yes or no.
    function yes(uint8 kind, bytes memory payload) internal pure returns (bool) {
        return _word(kind, payload, 1) == 1;
    }

    /// @notice An account.
    function account(uint8 kind, bytes memory payload) internal pure returns (address) {
        return address(uint160(_word(kind, payload, type(uint160).max)));
    }

    /// @notice A name and a value.
    function pair(uint8 kind, bytes memory payload) internal pure returns (bytes32, uint256) {
        if (payload.length != 64) revert IMembers.PayloadMalformed(kind);
        return abi.decode(payload, (bytes32, uint256));
    }

    /// @notice A name and a contract.
    function namedContract(uint8 kind, bytes memory payload)
        internal
        pure
        returns (bytes32 name, address code)
    {
        uint256 value;
        (name, value) = pair(kind, payload);
        if (value > type(uint160).max) revert IMembers.PayloadMalformed(kind);
        code = address(uint160(value));
    }

    function _word(uint8 kind, bytes memory payload, uint256 limit) private pure returns (uint256) {
        if (payload.length != 32) revert IMembers.PayloadMalformed(kind);
        uint256 word = abi.decode(payload, (uint256));
        if (word > limit) revert IMembers.PayloadMalformed(kind);
        return word;
    }
}
