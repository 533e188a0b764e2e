// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";
import {ITimes} from "./ITimes.sol";

/// @notice One status event as declared.
/// @param slot SHA-256 of `<status list URL>#<index>`
/// @param state 1 in force, 2 suspended, 3 withdrawn, 4 cancelled, 5 superseded
/// @param reason reason code; required for 2 and 3
/// @param effectiveAt when it takes effect, Unix seconds
/// @param until for 2: when the suspension ends at the latest; otherwise 0
/// @param linkedMember for 5: the successor's member; for 1 on a slot without events: the
///        predecessor's; otherwise 0
/// @param linkedSlot the slot at that member; otherwise 0
struct Declaration {
    bytes32 slot;
    uint8 state;
    uint16 reason;
    uint64 effectiveAt;
    uint64 until;
    uint32 linkedMember;
    bytes32 linkedSlot;
}

/// @title Statuses of certificates, keyed by member and slot
/// @notice A slot without events stands as granted: in force because its certificate is anchored.
///         Allowed moves: from granted or in force to suspended, withdrawn, cancelled, superseded;
///         from suspended to in force (not before the suspension's effect), withdrawn, cancelled,
///         superseded; from the last three nowhere. A slot's first event may also be "in force, in
///         the place of" a predecessor.
///
///         A suspended or expelled member may still suspend, withdraw and cancel. The recovery
///         account annuls an event of the last 30 days; the slot falls back to the last event not
///         annulled. Event and annulment both stay on record.
/// @dev Time bounds: `effectiveAt` from 1 up to a year ahead of the block (decisions are recorded
///      after they were taken, or announced); `until` after it, by at most five years. Ledger
///      position, never these times, decides what came first.
interface IStatuses is IAccounts, ITimes {
    /// @notice The member declared a status. `sequence` counts the slot's events from 0.
    event StatusDeclared(
        uint32 indexed member,
        bytes32 indexed slot,
        uint8 state,
        uint16 reason,
        uint64 effectiveAt,
        uint64 until,
        uint32 linkedMember,
        bytes32 linkedSlot,
        uint32 sequence
    );

    /// @notice The member's recovery account says: this event does not count.
    event StatusAnnulled(uint32 indexed member, bytes32 indexed slot, uint32 sequence);

    /// @notice Zero is no slot.
    error SlotZero();

    /// @notice There is no such state.
    error StateUnknown(uint8 state);

    /// @notice This move is never allowed; state 0 stands for granted, without events.
    error MoveForbidden(bytes32 slot, uint8 from, uint8 to);

    /// @notice A certificate is not restored before it was suspended.
    error RestoredBeforeSuspension(bytes32 slot, uint64 suspendedAt, uint64 restoredAt);

    /// @notice A successor or predecessor is required, or must be absent, or is the slot itself.
    error LinkInvalid(bytes32 slot, uint32 linkedMember, bytes32 linkedSlot);

    /// @notice Between 1 and 256 declarations at a time.
    error DeclarationCount(uint256 count, uint256 limit);

    /// @notice The slot has no event with this number.
    error EventUnknown(bytes32 slot, uint32 sequence);

    /// @notice The event is annulled already.
    error AlreadyAnnulled(bytes32 slot, uint32 sequence);

    /// @notice The event is older than 30 days.
    error TooLateToAnnul(bytes32 slot, uint32 sequence, uint64 recordedAt);

    /// @notice A later event stands on this one: annul the later one first.
    error LaterEventDepends(bytes32 slot, uint32 sequence, uint32 later);

    /// @notice Declares one status.
    /// @dev Operating account of a certification body; for suspended and expelled members only
    ///      states 2, 3 and 4.
    function declare(Declaration calldata declaration) external;

    /// @notice Declares several statuses, all or none.
    function declareMany(Declaration[] calldata declarations) external;

    /// @notice Annuls a status event of the last 30 days.
    /// @dev Recovery account, whatever the member's standing.
    function annul(bytes32 slot, uint32 sequence) external;

    /// @notice The last state not annulled; 0 when there is none, that is, granted.
    function stateOf(uint32 member, bytes32 slot) external view returns (uint8);

    /// @notice How many events the slot has, annulled ones included.
    function eventCount(uint32 member, bytes32 slot) external view returns (uint32);

    /// @notice One event of a slot as the contract keeps it. Reverts with {EventUnknown}.
    function eventAt(uint32 member, bytes32 slot, uint32 sequence)
        external
        view
        returns (uint8 state, bool annulled, uint64 effectiveAt, uint64 recordedAt);
}
