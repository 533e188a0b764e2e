// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Why a stated time is refused: what a caller says of when its change takes effect
/// @dev From 1 up to a year ahead of the block: decisions are recorded after they were taken, or
///      announced. Ledger position, never these times, decides what came first.
interface ITimes {
    /// @notice The effective time is zero or over a year ahead.
    error EffectiveTimeOutOfRange(uint64 effectiveAt, uint64 latest);

    /// @notice The end must lie between these two; both are 0 where there is no end to state.
    error UntilOutOfRange(uint64 until, uint64 earliest, uint64 latest);

    /// @notice Nothing is restored before its suspension took effect.
    error RestoredTooEarly(uint64 suspendedAt, uint64 restoredAt);
}
