// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Account,
    Admission,
    IMembers,
    Member,
    Standing
} from "./interfaces/IMembers.sol";
import {Economies} from "./libraries/Economies.sol";
import {Endpoints} from "./libraries/Endpoints.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title The table of members: who they are, where they stand, and their two accounts
/// @dev Decides everything that needs no vote; {Members} adds the votes that drive the rest.
abstract contract MemberTable is IMembers {
    uint256 private constant MAX_NAMES_LENGTH = 1024;
    uint256 private constant MAX_FIRST_KEYS = 8;
    uint32 private constant MAX_MEMBERS = 4096;

    uint32 private _count;
    mapping(uint32 member => Member) private _members;
    mapping(address operating => uint32 member) private _operatingOf;
    mapping(address recovery => uint32 member) private _recoveryOf;
    mapping(address account => bool) private _used;
    mapping(bytes32 authorityHash => bool) private _endpointUsed;

    /// @inheritdoc IMembers
    function replaceOperating(address current) external {
        uint32 member = _operatingMember();
        _setOperating(member, current, false);
    }

    /// @inheritdoc IMembers
    function recoverOperating(address current) external {
        _setOperating(_recoveringMember(), current, true);
    }

    /// @inheritdoc IMembers
    function freeze() external {
        uint32 member = _recoveringMember();
        if (_members[member].frozen) revert MemberIsFrozen(member);
        _members[member].frozen = true;
        emit MemberFrozen(member);
    }

    /// @inheritdoc IMembers
    function thaw() external {
        uint32 member = _recoveringMember();
        if (!_members[member].frozen) revert NotFrozen(member);
        _members[member].frozen = false;
        emit MemberThawed(member);
    }

    /// @inheritdoc IMembers
    function memberOf(address operating) external view returns (uint32) {
        return _operatingOf[operating];
    }

    /// @inheritdoc IMembers
    function memberOfRecovery(address recovery) external view returns (uint32) {
        return _recoveryOf[recovery];
    }

    /// @inheritdoc IMembers
    function accountOf(address operating) external view returns (Account memory) {
        uint32 member = _operatingOf[operating];
        Member storage record = _members[member];
        return Account(member, record.roles, record.standing, record.frozen);
    }

    /// @inheritdoc IMembers
    function get(uint32 member) external view returns (Member memory) {
        return _known(member);
    }

    /// @inheritdoc IMembers
    function isActive(uint32 member) external view returns (bool) {
        Member storage record = _members[member];
        return record.standing == Standing.Active && !record.frozen;
    }

    /// @inheritdoc IMembers
    function count() public view returns (uint32) {
        return _count;
    }

    /// @dev The caller's member, by its operating account, which must not be frozen.
    function _operatingMember() internal view returns (uint32 member) {
        member = _operatingOf[msg.sender];
        if (member == 0) revert NotOperating(msg.sender);
        if (_members[member].frozen) revert MemberIsFrozen(member);
    }

    /// @dev Active, not frozen and not an observer.
    function _isVoter(uint32 member) internal view returns (bool) {
        Member storage record = _members[member];
        return record.standing == Standing.Active && !record.frozen
            && !Roles.contain(record.roles, Roles.OBSERVER);
    }

    function _known(uint32 member) internal view returns (Member storage record) {
        record = _members[member];
        if (record.standing == Standing.None) revert MemberUnknown(member);
    }

    /// @dev Could this admission be carried out now? Its first keys are checked by the caller.
    function _requireAdmissible(Admission memory admission) internal view {
        if (_count == MAX_MEMBERS) revert TooManyMembers(MAX_MEMBERS);
        uint256 length = bytes(admission.names).length;
        if (length == 0 || length > MAX_NAMES_LENGTH) revert NamesLength(length, MAX_NAMES_LENGTH);
        if (!Economies.isWellFormed(bytes(admission.economy))) {
            revert EconomyMalformed(admission.economy);
        }
        if (!Roles.areValid(admission.roles)) revert RolesInvalid(admission.roles);
        if (!Endpoints.isWellFormed(bytes(admission.endpoint))) {
            revert EndpointMalformed(admission.endpoint);
        }
        if (_endpointUsed[Endpoints.authorityHash(bytes(admission.endpoint))]) {
            revert EndpointUsed(admission.endpoint);
        }
        _requireUnused(admission.operating);
        _requireUnused(admission.recovery);
        if (admission.operating == admission.recovery) revert AddressUsed(admission.recovery);
        if (admission.keys.length > MAX_FIRST_KEYS) {
            revert TooManyKeys(admission.keys.length, MAX_FIRST_KEYS);
        }
    }

    function _requireUnused(address account) internal view {
        if (account == address(0)) revert ZeroAddress();
        if (_used[account]) revert AddressUsed(account);
    }

    /// @dev `to` must be one step away from where the member stands.
    function _requireStep(uint32 member, Standing to) internal view {
        Standing from = _known(member).standing;
        bool allowed = to == Standing.Active
            ? from == Standing.Suspended
            : from == Standing.Active || (to == Standing.Expelled && from == Standing.Suspended);
        if (!allowed) revert StandingForbids(member, from);
    }

    function _enter(Admission memory admission) internal returns (uint32 member) {
        _requireAdmissible(admission);
        member = ++_count;
        _members[member] = Member({
            operating: admission.operating,
            recovery: admission.recovery,
            economy: bytes2(bytes(admission.economy)),
            roles: admission.roles,
            standing: Standing.Active,
            frozen: false
        });
        _used[admission.operating] = true;
        _used[admission.recovery] = true;
        _operatingOf[admission.operating] = member;
        _recoveryOf[admission.recovery] = member;
        _endpointUsed[Endpoints.authorityHash(bytes(admission.endpoint))] = true;
        emit MemberAdmitted(
            member,
            admission.names,
            admission.economy,
            admission.roles,
            admission.endpoint,
            admission.operating,
            admission.recovery
        );
    }

    function _suspend(uint32 member, uint16 reason) internal {
        _requireStep(member, Standing.Suspended);
        _members[member].standing = Standing.Suspended;
        emit MemberSuspended(member, reason);
    }

    function _restore(uint32 member) internal {
        _requireStep(member, Standing.Active);
        _members[member].standing = Standing.Active;
        emit MemberRestored(member);
    }

    function _expel(uint32 member, uint16 reason) internal {
        _requireStep(member, Standing.Expelled);
        _members[member].standing = Standing.Expelled;
        emit MemberExpelled(member, reason);
    }

    function _setRecovery(uint32 member, address current) internal {
        Member storage record = _known(member);
        _requireUnused(current);
        address previous = record.recovery;
        record.recovery = current;
        _used[current] = true;
        delete _recoveryOf[previous];
        _recoveryOf[current] = member;
        emit RecoveryAccountChanged(member, previous, current);
    }

    function _setOperating(uint32 member, address current, bool byRecovery) private {
        _requireUnused(current);
        address previous = _members[member].operating;
        _members[member].operating = current;
        _used[current] = true;
        delete _operatingOf[previous];
        _operatingOf[current] = member;
        emit OperatingAccountChanged(member, previous, current, byRecovery);
    }

    function _recoveringMember() private view returns (uint32 member) {
        member = _recoveryOf[msg.sender];
        if (member == 0) revert NotRecovery(msg.sender);
    }
}
