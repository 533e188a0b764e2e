// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a member stands. Freezing is separate: it blocks the operating account only.
enum Standing {
    None,
    Active,
    Suspended,
    Expelled
}

/// @notice Whom an operating account speaks for: member, roles, standing and freezing in one word,
///         because every anchor and every status asks for them. Zero is a stranger.
/// @dev Bits 0–31 member, 32–39 roles, 40–47 standing, 48 frozen.
type Account is uint64;

using AccountFields for Account global;

/// @title Reading and changing the fields of an account
library AccountFields {
    Account internal constant STRANGER = Account.wrap(0);
    uint64 private constant FROZEN = 1 << 48;

    function create(uint32 member_, uint8 roles_) internal pure returns (Account) {
        return Account.wrap(member_ | uint64(roles_) << 32).withStanding(Standing.Active);
    }

    function member(Account account) internal pure returns (uint32) {
        return uint32(Account.unwrap(account));
    }

    function roles(Account account) internal pure returns (uint8) {
        return uint8(Account.unwrap(account) >> 32);
    }

    function standing(Account account) internal pure returns (Standing) {
        return Standing(uint8(Account.unwrap(account) >> 40));
    }

    function isFrozen(Account account) internal pure returns (bool) {
        return Account.unwrap(account) & FROZEN != 0;
    }

    function isActive(Account account) internal pure returns (bool) {
        return account.standing() == Standing.Active;
    }

    function withStanding(Account account, Standing to) internal pure returns (Account) {
        uint64 rest = Account.unwrap(account) & ~(uint64(0xff) << 40);
        return Account.wrap(rest | uint64(uint8(to)) << 40);
    }

    function withFrozen(Account account, bool frozen) internal pure returns (Account) {
        uint64 rest = Account.unwrap(account) & ~FROZEN;
        return Account.wrap(frozen ? rest | FROZEN : rest);
    }
}
