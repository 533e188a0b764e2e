// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";
import {ITexts} from "./ITexts.sol";
import {ITimes} from "./ITimes.sol";

/// @title Arrangements: who recognises whom, for which scopes
/// @notice An arrangement has a text, a keeper, and parties. The keeper invites; each party accepts
///         for itself, scope by scope. Between two parties it is in effect for the scopes that both
///         have accepted: what one side does alone never makes it so.
///
///         A scope is a main scope, `MSC`, which covers its sub-scopes, or one of these, `MSC/QMS`.
///         Moves of a party in a scope: accept from none or left; leave from accepted or suspended;
///         suspend from accepted; restore from suspended. Leaving and coming back does not lift a
///         suspension: only the keeper does. Where a party has said nothing of a sub-scope, what it
///         said of the main scope counts, so that it can leave, or be suspended for, a part of what
///         it accepted.
interface IArrangements is IAccounts, ITimes, ITexts {
    /// @notice An arrangement was made; its parties have one of `roles`.
    event ArrangementMade(
        uint32 indexed arrangement,
        uint32 indexed keeper,
        uint8 roles,
        bytes32 textHash,
        uint32 textSize
    );

    /// @notice Something became of a party: 1 invited (scope 0, time 0), 2 accepted, 3 left,
    ///         4 suspended, 5 restored. `sequence` counts its events in this arrangement from 0.
    event ArrangementParty(
        uint32 indexed arrangement,
        uint32 indexed party,
        bytes32 indexed scope,
        uint8 action,
        uint16 reason,
        uint64 effectiveAt,
        uint32 sequence
    );

    /// @notice Parties are certification bodies 1, accreditation bodies 2, authorities 4, in any sum.
    error PartyRolesInvalid(uint8 roles);

    /// @notice Observers make no arrangements.
    error ObserverCannotMake(uint32 member);

    /// @notice Too many parties invited at once.
    error TooManyParties(uint256 count, uint256 limit);

    /// @notice No arrangement has this number.
    error ArrangementUnknown(uint32 arrangement);

    /// @notice Only the arrangement's keeper does this.
    error NotKeeper(uint32 arrangement, uint32 member);

    /// @notice The member is invited already.
    error AlreadyInvited(uint32 arrangement, uint32 party);

    /// @notice The member was never invited.
    error NotInvited(uint32 arrangement, uint32 party);

    /// @notice The party stands at `state` in this scope (0 none, else the action that made it so),
    ///         and from there this is not possible.
    error PartyForbids(uint32 arrangement, uint32 party, bytes32 scope, uint8 state, uint8 action);

    /// @notice A scope is `MSC` or, where sub-scopes are allowed, `MSC/QMS`.
    error ScopeMalformed(bytes32 scope);

    /// @notice Makes an arrangement, invites the caller if it has one of the roles, and `parties`.
    /// @dev Operating account of an active member that is no observer, by a transaction of its own.
    function make(uint8 roles, uint32[] calldata parties, bytes calldata text)
        external
        returns (uint32 arrangement);

    /// @notice Invites a member that has one of the arrangement's roles.
    /// @dev Operating account of the keeper, active.
    function invite(uint32 arrangement, uint32 party) external;

    /// @notice The caller accepts for a scope.
    /// @dev Operating account of an invited member, active.
    function accept(uint32 arrangement, bytes32 scope, uint64 effectiveAt) external;

    /// @notice The caller leaves for a scope.
    /// @dev Operating account of a party, whatever its standing.
    function leave(uint32 arrangement, bytes32 scope, uint64 effectiveAt) external;

    /// @notice Suspends a party for a scope.
    /// @dev Operating account of the keeper, whatever its standing.
    function suspend(
        uint32 arrangement,
        uint32 party,
        bytes32 scope,
        uint16 reason,
        uint64 effectiveAt
    ) external;

    /// @notice Lifts the suspension of a party for a scope.
    /// @dev Operating account of the keeper, active.
    function restore(uint32 arrangement, uint32 party, bytes32 scope, uint64 effectiveAt) external;

    /// @notice Keeper and roles of an arrangement. Reverts with {ArrangementUnknown}.
    function get(uint32 arrangement) external view returns (uint32 keeper, uint8 roles);

    /// @notice How many arrangements were ever made; numbers run from 1 to this.
    function count() external view returns (uint32);

    /// @notice Was this member invited?
    function isInvited(uint32 arrangement, uint32 party) external view returns (bool);

    /// @notice 0 none, 2 accepted, 3 left, 4 suspended: this very scope, as recorded, times aside.
    function stateOf(uint32 arrangement, uint32 party, bytes32 scope) external view returns (uint8);

    /// @notice How many events a party has in an arrangement: the next one's sequence.
    function eventCount(uint32 arrangement, uint32 party) external view returns (uint32);
}
