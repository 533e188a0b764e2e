// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./interfaces/IAccounts.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Roles} from "./libraries/Roles.sol";
import {Account} from "./types/Account.sol";

/// @title Who is calling, for the contracts built on one members contract
/// @dev The members contract is fixed: one that replaces it by vote comes with its own Keys,
///      Anchors, Statuses and all the others, so that nothing recorded here ever changes hands.
abstract contract MemberAccess is IAccounts {
    IMembers internal immutable MEMBERS;

    constructor(IMembers members) {
        if (address(members) == address(0)) revert ZeroAddress();
        MEMBERS = members;
    }

    /// @dev The caller as an operating account that is not frozen, whatever its standing.
    function _operating() internal view returns (Account account) {
        account = MEMBERS.accountOf(msg.sender);
        if (account.member() == 0) revert NotOperating(msg.sender);
        if (account.isFrozen()) revert MemberIsFrozen(account.member());
    }

    /// @dev The member whose recovery account is calling.
    function _recovering() internal view returns (uint32 member) {
        member = MEMBERS.memberOfRecovery(msg.sender);
        if (member == 0) revert NotRecovery(msg.sender);
    }

    function _requireActive(Account account) internal pure {
        if (!account.isActive()) revert MemberNotActive(account.member());
    }

    function _requireRole(Account account, uint8 role) internal pure {
        if (!Roles.contain(account.roles(), role)) revert RoleMissing(account.member(), role);
    }
}
