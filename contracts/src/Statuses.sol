// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {MemberAccess} from "./MemberAccess.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Declaration, IStatuses} from "./interfaces/IStatuses.sol";
import {Roles} from "./libraries/Roles.sol";
import {States} from "./libraries/States.sol";
import {Account} from "./types/Account.sol";

/// @title The statuses of certificates; see {IStatuses}
contract Statuses is IStatuses, MemberAccess {
    using SafeCast for uint256;

    struct StatusEvent {
        uint8 state;
        bool annulled;
        uint64 effectiveAt;
        uint64 recordedAt;
    }

    uint256 private constant MAX_DECLARATIONS = 256;
    uint64 private constant MAX_AHEAD = 365 days;
    uint64 private constant MAX_SUSPENSION = 5 * 365 days;
    uint64 private constant ANNUL_WINDOW = 30 days;

    mapping(uint32 member => mapping(bytes32 slot => StatusEvent[])) private _events;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc IStatuses
    function declare(Declaration calldata declaration) external {
        Account account = _operating();
        _requireRole(account, Roles.CERTIFICATION_BODY);
        _declare(account, declaration);
    }

    /// @inheritdoc IStatuses
    function declareMany(Declaration[] calldata declarations) external {
        Account account = _operating();
        _requireRole(account, Roles.CERTIFICATION_BODY);
        if (declarations.length == 0 || declarations.length > MAX_DECLARATIONS) {
            revert DeclarationCount(declarations.length, MAX_DECLARATIONS);
        }
        for (uint256 i = 0; i < declarations.length; i++) {
            _declare(account, declarations[i]);
        }
    }

    /// @inheritdoc IStatuses
    function annul(bytes32 slot, uint32 sequence) external {
        uint32 member = _recovering();
        StatusEvent[] storage events = _events[member][slot];
        if (sequence >= events.length) revert EventUnknown(slot, sequence);
        StatusEvent storage entry = events[sequence];
        if (entry.annulled) revert AlreadyAnnulled(slot, sequence);
        if (block.timestamp > uint256(entry.recordedAt) + ANNUL_WINDOW) {
            revert TooLateToAnnul(slot, sequence, entry.recordedAt);
        }
        _requireNothingDepends(events, slot, sequence);
        entry.annulled = true;
        emit StatusAnnulled(member, slot, sequence);
    }

    /// @inheritdoc IStatuses
    function stateOf(uint32 member, bytes32 slot) external view returns (uint8) {
        StatusEvent[] storage events = _events[member][slot];
        return _lastBefore(events, events.length).state;
    }

    /// @inheritdoc IStatuses
    function eventCount(uint32 member, bytes32 slot) external view returns (uint32) {
        return _events[member][slot].length.toUint32();
    }

    /// @inheritdoc IStatuses
    function eventAt(uint32 member, bytes32 slot, uint32 sequence)
        external
        view
        returns (uint8 state, bool annulled, uint64 effectiveAt, uint64 recordedAt)
    {
        StatusEvent[] storage events = _events[member][slot];
        if (sequence >= events.length) revert EventUnknown(slot, sequence);
        StatusEvent storage entry = events[sequence];
        return (entry.state, entry.annulled, entry.effectiveAt, entry.recordedAt);
    }

    function _declare(Account account, Declaration calldata declaration) private {
        StatusEvent[] storage events = _events[account.member()][declaration.slot];
        _requireStanding(account, declaration.state);
        _requireShape(account.member(), declaration);
        _requireTimes(declaration);
        _requireMove(events, declaration);
        uint32 sequence = events.length.toUint32();
        events.push(
            StatusEvent(
                declaration.state, false, declaration.effectiveAt, block.timestamp.toUint64()
            )
        );
        emit StatusDeclared(
            account.member(),
            declaration.slot,
            declaration.state,
            declaration.reason,
            declaration.effectiveAt,
            declaration.until,
            declaration.linkedMember,
            declaration.linkedSlot,
            sequence
        );
    }

    /// @dev Without standing a body can still warn about its certificates, not speak well of them.
    function _requireStanding(Account account, uint8 state) private pure {
        if (!account.isActive() && !States.onlyWarns(state)) {
            revert MemberNotActive(account.member());
        }
    }

    function _requireShape(uint32 member, Declaration calldata declaration) private view {
        if (declaration.slot == 0) revert SlotZero();
        if (!States.isKnown(declaration.state)) revert StateUnknown(declaration.state);
        if (declaration.reason == 0 && States.needsReason(declaration.state)) {
            revert ReasonMissing();
        }
        if (declaration.linkedMember == 0 && declaration.linkedSlot == 0) return;
        bool isItself =
            declaration.linkedMember == member && declaration.linkedSlot == declaration.slot;
        if (
            isItself || declaration.linkedSlot == 0 || declaration.linkedMember == 0
                || declaration.linkedMember > MEMBERS.count()
        ) {
            revert LinkInvalid(declaration.slot, declaration.linkedMember, declaration.linkedSlot);
        }
    }

    function _requireTimes(Declaration calldata declaration) private view {
        uint64 effectiveAt = declaration.effectiveAt;
        uint64 latest = (block.timestamp + MAX_AHEAD).toUint64();
        if (effectiveAt == 0 || effectiveAt > latest) {
            revert EffectiveTimeOutOfRange(effectiveAt, latest);
        }
        uint64 until = declaration.until;
        if (declaration.state != States.SUSPENDED) {
            if (until != 0) revert UntilOutOfRange(until, 0, 0);
        } else if (until <= effectiveAt || until > effectiveAt + MAX_SUSPENSION) {
            revert UntilOutOfRange(until, effectiveAt + 1, effectiveAt + MAX_SUSPENSION);
        }
    }

    /// @dev A link is what makes "in force" a grant on a new slot; superseding always has one.
    function _requireMove(StatusEvent[] storage events, Declaration calldata declaration)
        private
        view
    {
        StatusEvent memory last = _lastBefore(events, events.length);
        uint8 to = declaration.state;
        bool isLinked = declaration.linkedMember != 0;
        bool isGrant = events.length == 0 && to == States.IN_FORCE;
        if (!isGrant && !States.allows(last.state, to)) {
            revert MoveForbidden(declaration.slot, last.state, to);
        }
        if (isLinked != (isGrant || to == States.SUPERSEDED)) {
            revert LinkInvalid(declaration.slot, declaration.linkedMember, declaration.linkedSlot);
        }
        if (to == States.IN_FORCE && !isGrant && declaration.effectiveAt < last.effectiveAt) {
            revert RestoredBeforeSuspension(
                declaration.slot, last.effectiveAt, declaration.effectiveAt
            );
        }
    }

    /// @dev What stays on record after an annulment is a history the contract would have allowed.
    function _requireNothingDepends(StatusEvent[] storage events, bytes32 slot, uint32 sequence)
        private
        view
    {
        uint256 next = uint256(sequence) + 1;
        while (next < events.length && events[next].annulled) next++;
        if (next == events.length) return;
        if (!States.allows(_lastBefore(events, sequence).state, events[next].state)) {
            revert LaterEventDepends(slot, sequence, next.toUint32());
        }
    }

    /// @dev The last event before this place that is not annulled; all zero, granted, when none.
    function _lastBefore(StatusEvent[] storage events, uint256 end)
        private
        view
        returns (StatusEvent memory last)
    {
        for (uint256 i = end; i > 0; i--) {
            if (!events[i - 1].annulled) return events[i - 1];
        }
    }
}
