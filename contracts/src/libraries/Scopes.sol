// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Scopes of recognition: `MSC`, or a sub-scope of it, `MSC/QMS`
/// @dev ASCII letters and digits, left-aligned, then zeros only. Which codes mean something is the
///      readers' affair.
library Scopes {
    /// @notice Is this a main scope?
    function isMain(bytes32 scope) internal pure returns (bool) {
        uint256 length = _word(scope, 0);
        return length > 0 && _isEmptyFrom(scope, length);
    }

    /// @notice Is this a main scope or a sub-scope?
    function isWellFormed(bytes32 scope) internal pure returns (bool) {
        uint256 slash = _word(scope, 0);
        if (slash == 0 || slash > 30 || scope[slash] != "/") return isMain(scope);
        uint256 end = _word(scope, slash + 1);
        return end > slash + 1 && _isEmptyFrom(scope, end);
    }

    /// @notice The main scope that a well-formed scope belongs to, itself if it is one.
    function mainOf(bytes32 scope) internal pure returns (bytes32) {
        uint256 length = _word(scope, 0);
        return length == 32 ? scope : scope & ~(bytes32(type(uint256).max) >> (8 * length));
    }

    /// @dev Where the letters and digits from `start` on end.
    function _word(bytes32 scope, uint256 start) private pure returns (uint256 end) {
        end = start;
        while (end < 32 && _isLetter(scope[end])) end++;
    }

    function _isEmptyFrom(bytes32 scope, uint256 start) private pure returns (bool) {
        return start == 32 || scope << (8 * start) == 0;
    }

    function _isLetter(bytes1 c) private pure returns (bool) {
        return (c >= "A" && c <= "Z") || (c >= "a" && c <= "z") || (c >= "0" && c <= "9");
    }
}
