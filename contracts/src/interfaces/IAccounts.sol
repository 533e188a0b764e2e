// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Why a caller is refused: the errors every contract of the ledger shares
interface IAccounts {
    /// @notice The caller is not the operating account of a member.
    error NotOperating(address caller);

    /// @notice The caller is not the recovery account of a member.
    error NotRecovery(address caller);

    /// @notice The member's recovery account has frozen its operating account.
    error MemberIsFrozen(uint32 member);

    /// @notice The member is suspended or expelled, and this is for active members.
    error MemberNotActive(uint32 member);

    /// @notice The member does not have the role that this needs.
    error RoleMissing(uint32 member, uint8 role);

    /// @notice No member has this id.
    error MemberUnknown(uint32 member);

    /// @notice Only the members contract may call this.
    error OnlyMembers(address caller);

    /// @notice A reason code is required and was zero.
    error ReasonMissing();

    /// @notice The zero address is never an account or a contract.
    error ZeroAddress();
}
