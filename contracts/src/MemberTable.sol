// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Admission, IMembers, Member} from "./interfaces/IMembers.sol";
import {Economies} from "./libraries/Economies.sol";
import {Endpoints} from "./libraries/Endpoints.sol";
import {Roles} from "./libraries/Roles.sol";
import {Account, AccountFields, Standing} from "./types/Account.sol";

/// @title The table of members: who they are, where they stand, and their two accounts
/// @dev Decides everything that needs no vote; {Members} adds the votes that drive the rest.
///      Roles, standing and freezing are kept with the operating account and move with it, so that
///      the other contracts learn all they need about a caller from one word of storage.
abstract contract MemberTable is IMembers {
    struct Record {
        address operating;
        bytes2 economy;
        address recovery;
    }

    uint256 private constant MAX_NAMES_LENGTH = 1024;
    uint256 private constant MAX_FIRST_KEYS = 8;
    /// @dev Counting a vote visits every member: this many still fit in a block of 30 million gas.
    uint32 private constant MAX_MEMBERS = 2048;

    uint32 private constant MAX_SEATS = 15;

    uint32 private _count;
    uint32 private _seatCount;
    mapping(uint32 member => Record) private _members;
    mapping(address operating => Account) private _accounts;
    mapping(address recovery => uint32 member) private _recoveryOf;
    mapping(address account => bool) private _used;
    mapping(bytes32 authorityHash => bool) private _endpointUsed;
    mapping(uint32 member => bool) private _seated;

    /// @inheritdoc IMembers
    function replaceOperating(address current) external {
        _setOperating(_operatingMember(), current, false);
    }

    /// @inheritdoc IMembers
    function recoverOperating(address current) external {
        _setOperating(_recoveringMember(), current, true);
    }

    /// @inheritdoc IMembers
    function freeze() external {
        uint32 member = _recoveringMember();
        Account account = _accountOf(member);
        if (account.isFrozen()) revert MemberIsFrozen(member);
        _setAccount(member, account.withFrozen(true));
        emit MemberFrozen(member);
    }

    /// @inheritdoc IMembers
    function thaw() external {
        uint32 member = _recoveringMember();
        Account account = _accountOf(member);
        if (!account.isFrozen()) revert NotFrozen(member);
        _setAccount(member, account.withFrozen(false));
        emit MemberThawed(member);
    }

    /// @inheritdoc IMembers
    function memberOf(address operating) external view returns (uint32) {
        return _accounts[operating].member();
    }

    /// @inheritdoc IMembers
    function memberOfRecovery(address recovery) external view returns (uint32) {
        return _recoveryOf[recovery];
    }

    /// @inheritdoc IMembers
    function accountOf(address operating) external view returns (Account) {
        return _accounts[operating];
    }

    /// @inheritdoc IMembers
    function get(uint32 member) external view returns (Member memory) {
        Account account = _known(member);
        Record storage record = _members[member];
        return Member({
            operating: record.operating,
            recovery: record.recovery,
            economy: record.economy,
            roles: account.roles(),
            standing: account.standing(),
            frozen: account.isFrozen()
        });
    }

    /// @inheritdoc IMembers
    function isActive(uint32 member) external view returns (bool) {
        Account account = _accountOf(member);
        return account.isActive() && !account.isFrozen();
    }

    /// @inheritdoc IMembers
    function isSeated(uint32 member) external view returns (bool) {
        return _seated[member];
    }

    /// @inheritdoc IMembers
    function seatCount() external view returns (uint32) {
        return _seatCount;
    }

    /// @inheritdoc IMembers
    function count() public view returns (uint32) {
        return _count;
    }

    /// @dev The caller's member, by its operating account, which must not be frozen.
    function _operatingMember() internal view returns (uint32 member) {
        Account account = _accounts[msg.sender];
        member = account.member();
        if (member == 0) revert NotOperating(msg.sender);
        if (account.isFrozen()) revert MemberIsFrozen(member);
    }

    /// @dev Active, not frozen and not an observer.
    function _isVoter(uint32 member) internal view returns (bool) {
        Account account = _accountOf(member);
        return account.isActive() && !account.isFrozen()
            && !Roles.contain(account.roles(), Roles.OBSERVER);
    }

    function _economyOf(uint32 member) internal view returns (bytes2) {
        return _members[member].economy;
    }

    function _known(uint32 member) internal view returns (Account account) {
        account = _accountOf(member);
        if (account.member() == 0) revert MemberUnknown(member);
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
        Standing from = _known(member).standing();
        bool allowed = to == Standing.Active
            ? from == Standing.Suspended
            : from == Standing.Active || (to == Standing.Expelled && from == Standing.Suspended);
        if (!allowed) revert StandingForbids(member, from);
    }

    /// @dev A seat is given to whoever votes now, and can be taken from anyone who has one.
    function _requireSeat(uint32 member, bool seated) internal view {
        _known(member);
        if (_seated[member] == seated) revert SeatUnchanged(member, seated);
        if (!seated) return;
        if (!_isVoter(member)) revert CannotBeSeated(member);
        if (_seatCount == MAX_SEATS) revert TooManySeats(MAX_SEATS);
    }

    function _enter(Admission memory admission) internal returns (uint32 member) {
        _requireAdmissible(admission);
        member = ++_count;
        _members[member] = Record({
            operating: admission.operating,
            economy: bytes2(bytes(admission.economy)),
            recovery: admission.recovery
        });
        _accounts[admission.operating] = AccountFields.create(member, admission.roles);
        _used[admission.operating] = true;
        _used[admission.recovery] = true;
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
        _setAccount(member, _accountOf(member).withStanding(Standing.Suspended));
        emit MemberSuspended(member, reason);
    }

    function _restore(uint32 member) internal {
        _requireStep(member, Standing.Active);
        _setAccount(member, _accountOf(member).withStanding(Standing.Active));
        emit MemberRestored(member);
    }

    function _expel(uint32 member, uint16 reason) internal {
        _requireStep(member, Standing.Expelled);
        _setAccount(member, _accountOf(member).withStanding(Standing.Expelled));
        emit MemberExpelled(member, reason);
    }

    function _seat(uint32 member, bool seated) internal {
        _requireSeat(member, seated);
        _seated[member] = seated;
        if (seated) {
            _seatCount++;
            emit SeatGiven(member);
        } else {
            _seatCount--;
            emit SeatTaken(member);
        }
    }

    function _setRecovery(uint32 member, address current) internal {
        _known(member);
        _requireUnused(current);
        address previous = _members[member].recovery;
        _members[member].recovery = current;
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
        _accounts[current] = _accounts[previous];
        _accounts[previous] = AccountFields.STRANGER;
        emit OperatingAccountChanged(member, previous, current, byRecovery);
    }

    /// @dev All zero for an id that no member has: nobody's account is the zero address.
    function _accountOf(uint32 member) private view returns (Account) {
        return _accounts[_members[member].operating];
    }

    function _setAccount(uint32 member, Account account) private {
        _accounts[_members[member].operating] = account;
    }

    function _recoveringMember() private view returns (uint32 member) {
        member = _recoveryOf[msg.sender];
        if (member == 0) revert NotRecovery(msg.sender);
    }
}
