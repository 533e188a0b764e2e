// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Why a text is refused
/// @notice Texts are public and travel as call data of the transaction itself; the event holds
///         SHA-256 and size. So every chain node has every text, and none costs storage.
interface ITexts {
    /// @notice A text is 1 to 24,576 bytes.
    error TextLength(uint256 length, uint256 limit);

    /// @notice A text is sent by an account without code, in a transaction of its own: only there
    ///         does a reader find it.
    error NotDirect(address caller);
}
