// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";

/// @title Anchors: the roots of batches, each once per member and never changed
/// @notice A worker first claims a fence, then anchors under it. When another worker claims a
///         higher one, the first worker's anchors revert and it stops.
/// @dev The fence belongs to the operating account: a new account starts at zero, so a stolen one
///      cannot exhaust the numbers of its successor. Roots are kept apart by member: anchoring
///      another member's root says nothing about that member.
interface IAnchors is IAccounts {
    /// @notice The member's worker with this fence may anchor; every lower one may not.
    event FenceClaimed(uint32 indexed member, uint64 fence);

    /// @notice A batch of `size` leaves with this root is anchored by this member, for ever.
    event Anchored(uint32 indexed member, bytes32 indexed root, uint32 size);

    /// @notice The member's recovery account says: this batch is not ours.
    event Disowned(uint32 indexed member, bytes32 indexed root);

    /// @notice A fence must be higher than the current one.
    error FenceTooLow(uint32 member, uint64 current, uint64 given);

    /// @notice Another worker has claimed a fence since, or this fence was never claimed.
    error FenceStale(uint32 member, uint64 current, uint64 given);

    /// @notice Zero is no root.
    error RootZero();

    /// @notice A size is a power of two from 64 to 131,072.
    error SizeInvalid(uint32 size);

    /// @notice This root is anchored with another size.
    error SizeDiffers(bytes32 root, uint32 recorded, uint32 given);

    /// @notice The member has not anchored this root.
    error AnchorUnknown(uint32 member, bytes32 root);

    /// @notice The batch is disowned already.
    error AlreadyDisowned(uint32 member, bytes32 root);

    /// @notice Claims a fence for the caller's member.
    /// @dev Operating account, whatever the member's standing.
    function claim(uint64 fence) external;

    /// @notice Anchors a batch. Sending the same root and size again does nothing.
    /// @dev Operating account of an active certification body.
    function anchor(bytes32 root, uint32 size, uint64 fence) external;

    /// @notice Disowns a batch, for ever. The anchor stays on record beside it.
    /// @dev Recovery account, whatever the member's standing.
    function disown(bytes32 root) external;

    /// @notice The current fence of the member's operating account; 0 when none was claimed.
    function fenceOf(uint32 member) external view returns (uint64);

    /// @notice The anchored size, or 0 when the member has not anchored this root.
    function sizeOf(uint32 member, bytes32 root) external view returns (uint32);

    /// @notice Has the member disowned this root?
    function isDisowned(uint32 member, bytes32 root) external view returns (bool);
}
