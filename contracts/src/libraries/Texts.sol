// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITexts} from "../interfaces/ITexts.sol";

/// @title Public texts in the call data of a transaction
library Texts {
    uint256 internal constant MAX_LENGTH = 24_576;

    /// @notice SHA-256 of a text that is the argument of the transaction itself.
    /// @dev The origin grants nothing here: it only tells that no contract, and no account that
    ///      delegates to one (EIP-7702), stands between the transaction's bytes and this call.
    function digest(bytes calldata text) internal view returns (bytes32) {
        if (text.length == 0 || text.length > MAX_LENGTH) {
            revert ITexts.TextLength(text.length, MAX_LENGTH);
        }
        if (msg.sender != tx.origin || msg.sender.code.length != 0) {
            revert ITexts.NotDirect(msg.sender);
        }
        return sha256(text);
    }
}
