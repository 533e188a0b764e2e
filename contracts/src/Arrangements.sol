// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberAccess} from "./MemberAccess.sol";
import {IArrangements} from "./interfaces/IArrangements.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Roles} from "./libraries/Roles.sol";
import {Scopes} from "./libraries/Scopes.sol";
import {Texts} from "./libraries/Texts.sol";
import {Times} from "./libraries/Times.sol";
import {Account} from "./types/Account.sol";

/// @title Who recognises whom; see {IArrangements}
contract Arrangements is IArrangements, MemberAccess {
    struct Arrangement {
        uint32 keeper;
        uint8 roles;
    }

    struct Party {
        bool invited;
        uint32 events;
    }

    /// @dev Membership is the party's word, suspension the keeper's: neither undoes the other.
    struct Place {
        uint8 membership;
        bool suspended;
        uint64 suspendedAt;
    }

    uint8 private constant NONE = 0;
    uint8 private constant INVITED = 1;
    uint8 private constant ACCEPTED = 2;
    uint8 private constant LEFT = 3;
    uint8 private constant SUSPENDED = 4;
    uint8 private constant RESTORED = 5;
    uint256 private constant MAX_INVITED = 256;

    uint32 private _count;
    mapping(uint32 arrangement => Arrangement) private _arrangements;
    mapping(uint32 arrangement => mapping(uint32 party => Party)) private _parties;
    mapping(uint32 arrangement => mapping(uint32 party => mapping(bytes32 scope => Place))) private
        _places;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc IArrangements
    function make(uint8 roles, uint32[] calldata parties, bytes calldata text)
        external
        returns (uint32 arrangement)
    {
        Account account = _operating();
        _requireActive(account);
        if (Roles.contain(account.roles(), Roles.OBSERVER)) {
            revert ObserverCannotMake(account.member());
        }
        if (roles == 0 || roles >= Roles.OBSERVER) revert PartyRolesInvalid(roles);
        if (parties.length > MAX_INVITED) revert TooManyParties(parties.length, MAX_INVITED);
        bytes32 textHash = Texts.digest(text);
        arrangement = ++_count;
        _arrangements[arrangement] = Arrangement(account.member(), roles);
        emit ArrangementMade(arrangement, account.member(), roles, textHash, uint32(text.length));
        if (Roles.contain(account.roles(), roles)) _invite(arrangement, account.member());
        for (uint256 i = 0; i < parties.length; i++) {
            _requireInvitable(roles, parties[i]);
            _invite(arrangement, parties[i]);
        }
    }

    /// @inheritdoc IArrangements
    function invite(uint32 arrangement, uint32 party) external {
        _requireActive(_keeping(arrangement));
        _requireInvitable(_arrangements[arrangement].roles, party);
        _invite(arrangement, party);
    }

    /// @inheritdoc IArrangements
    function accept(uint32 arrangement, bytes32 scope, uint64 effectiveAt) external {
        Account account = _operating();
        uint32 party = account.member();
        Place storage place = _place(arrangement, party, scope, effectiveAt);
        _requireActive(account);
        if (place.membership == ACCEPTED) {
            revert PartyForbids(arrangement, party, scope, _state(place, ACCEPTED), ACCEPTED);
        }
        place.membership = ACCEPTED;
        _record(arrangement, party, scope, ACCEPTED, 0, effectiveAt);
    }

    /// @inheritdoc IArrangements
    function leave(uint32 arrangement, bytes32 scope, uint64 effectiveAt) external {
        uint32 party = _operating().member();
        Place storage place = _place(arrangement, party, scope, effectiveAt);
        uint8 membership = _membership(arrangement, party, scope);
        if (membership != ACCEPTED) {
            revert PartyForbids(arrangement, party, scope, _state(place, membership), LEFT);
        }
        place.membership = LEFT;
        _record(arrangement, party, scope, LEFT, 0, effectiveAt);
    }

    /// @inheritdoc IArrangements
    function suspend(
        uint32 arrangement,
        uint32 party,
        bytes32 scope,
        uint16 reason,
        uint64 effectiveAt
    ) external {
        _keeping(arrangement);
        if (reason == 0) revert ReasonMissing();
        Place storage place = _place(arrangement, party, scope, effectiveAt);
        uint8 state = _state(place, _membership(arrangement, party, scope));
        if (state != ACCEPTED) revert PartyForbids(arrangement, party, scope, state, SUSPENDED);
        (place.suspended, place.suspendedAt) = (true, effectiveAt);
        _record(arrangement, party, scope, SUSPENDED, reason, effectiveAt);
    }

    /// @inheritdoc IArrangements
    function restore(uint32 arrangement, uint32 party, bytes32 scope, uint64 effectiveAt) external {
        _requireActive(_keeping(arrangement));
        Place storage place = _place(arrangement, party, scope, effectiveAt);
        if (!place.suspended) {
            revert PartyForbids(arrangement, party, scope, place.membership, RESTORED);
        }
        Times.requireNotBefore(place.suspendedAt, effectiveAt);
        place.suspended = false;
        _record(arrangement, party, scope, RESTORED, 0, effectiveAt);
    }

    /// @inheritdoc IArrangements
    function get(uint32 arrangement) external view returns (uint32 keeper, uint8 roles) {
        Arrangement storage found = _known(arrangement);
        return (found.keeper, found.roles);
    }

    /// @inheritdoc IArrangements
    function count() external view returns (uint32) {
        return _count;
    }

    /// @inheritdoc IArrangements
    function isInvited(uint32 arrangement, uint32 party) external view returns (bool) {
        return _parties[arrangement][party].invited;
    }

    /// @inheritdoc IArrangements
    function stateOf(uint32 arrangement, uint32 party, bytes32 scope)
        external
        view
        returns (uint8)
    {
        Place storage place = _places[arrangement][party][scope];
        return _state(place, place.membership);
    }

    /// @inheritdoc IArrangements
    function eventCount(uint32 arrangement, uint32 party) external view returns (uint32) {
        return _parties[arrangement][party].events;
    }

    function _invite(uint32 arrangement, uint32 party) private {
        if (_parties[arrangement][party].invited) revert AlreadyInvited(arrangement, party);
        _parties[arrangement][party].invited = true;
        _record(arrangement, party, 0, INVITED, 0, 0);
    }

    function _record(
        uint32 arrangement,
        uint32 party,
        bytes32 scope,
        uint8 action,
        uint16 reason,
        uint64 effectiveAt
    ) private {
        uint32 sequence = _parties[arrangement][party].events++;
        emit ArrangementParty(arrangement, party, scope, action, reason, effectiveAt, sequence);
    }

    /// @dev The keeper's account, if it is the caller.
    function _keeping(uint32 arrangement) private view returns (Account account) {
        account = _operating();
        if (_known(arrangement).keeper != account.member()) {
            revert NotKeeper(arrangement, account.member());
        }
    }

    function _known(uint32 arrangement) private view returns (Arrangement storage found) {
        found = _arrangements[arrangement];
        if (found.keeper == 0) revert ArrangementUnknown(arrangement);
    }

    function _requireInvitable(uint8 roles, uint32 party) private view {
        if (!Roles.contain(MEMBERS.get(party).roles, roles)) revert RoleMissing(party, roles);
    }

    /// @dev Where an invited party stands in a scope, after what every move asks.
    function _place(uint32 arrangement, uint32 party, bytes32 scope, uint64 effectiveAt)
        private
        view
        returns (Place storage)
    {
        _known(arrangement);
        if (!_parties[arrangement][party].invited) revert NotInvited(arrangement, party);
        if (!Scopes.isWellFormed(scope)) revert ScopeMalformed(scope);
        Times.requireEffective(effectiveAt);
        return _places[arrangement][party][scope];
    }

    /// @dev The membership of a scope, or where it has none of its own, of its main scope.
    function _membership(uint32 arrangement, uint32 party, bytes32 scope)
        private
        view
        returns (uint8 membership)
    {
        mapping(bytes32 scope => Place) storage places = _places[arrangement][party];
        membership = places[scope].membership;
        if (membership == NONE) membership = places[Scopes.mainOf(scope)].membership;
    }

    /// @dev Who has left is not suspended; its suspension waits for it should it come back.
    function _state(Place storage place, uint8 membership) private view returns (uint8) {
        return place.suspended && membership != LEFT ? SUSPENDED : membership;
    }
}
