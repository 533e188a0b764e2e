// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ITimes} from "../interfaces/ITimes.sol";

/// @title The times a caller states
library Times {
    using SafeCast for uint256;

    uint64 private constant MAX_AHEAD = 365 days;

    /// @notice Refuses no time at all and one over a year ahead of the block.
    function requireEffective(uint64 effectiveAt) internal view {
        uint64 latest = (block.timestamp + MAX_AHEAD).toUint64();
        if (effectiveAt == 0 || effectiveAt > latest) {
            revert ITimes.EffectiveTimeOutOfRange(effectiveAt, latest);
        }
    }

    /// @notice Refuses an end that is not after the beginning; 0 is open.
    function requireOpenOrAfter(uint64 until, uint64 effectiveAt) internal pure {
        if (until != 0 && until <= effectiveAt) {
            revert ITimes.UntilOutOfRange(until, effectiveAt + 1, type(uint64).max);
        }
    }

    /// @notice Refuses an end where there is none to state.
    function requireNone(uint64 until) internal pure {
        if (until != 0) revert ITimes.UntilOutOfRange(until, 0, 0);
    }

    /// @notice Refuses a restoration before the suspension.
    function requireNotBefore(uint64 suspendedAt, uint64 restoredAt) internal pure {
        if (restoredAt < suspendedAt) revert ITimes.RestoredTooEarly(suspendedAt, restoredAt);
    }
}
