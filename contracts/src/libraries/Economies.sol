// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Economies, and sets of them
/// @dev There are 26 × 26 two-letter codes: a set is 676 bits in three words.
library Economies {
    struct Set {
        uint256[3] words;
        uint256 size;
    }

    /// @notice Is this two capital letters?
    function isWellFormed(bytes memory economy) internal pure returns (bool) {
        return economy.length == 2 && _isCapital(economy[0]) && _isCapital(economy[1]);
    }

    /// @notice Adds an economy; adding it again changes nothing.
    function add(Set memory set, bytes2 economy) internal pure {
        uint256 index = (uint256(uint8(economy[0])) - 65) * 26 + uint256(uint8(economy[1])) - 65;
        uint256 bit = 1 << (index % 256);
        if (set.words[index / 256] & bit != 0) return;
        set.words[index / 256] |= bit;
        set.size++;
    }

    function _isCapital(bytes1 c) private pure returns (bool) {
        return c >= "A" && c <= "Z";
    }
}
