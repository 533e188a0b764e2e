// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";
import {ITimes} from "./ITimes.sol";

/// @notice What an accreditation body says about a certification body's accreditation.
/// @param certificationBody the member that is spoken of
/// @param scope a main scope, `MSC`
/// @param action 1 grant (also: renew, extend), 2 reduce, 3 suspend, 4 restore, 5 withdraw
/// @param reason reason code; required for 3 and 5
/// @param coverage for 1 and 2: standards and their sectors as JSON, 1 to 4,096 bytes, which takes
///        the place of what was covered before; otherwise empty
/// @param effectiveAt when it takes effect, Unix seconds
/// @param until for 1 and 2: the end of the accreditation, for 3: the announced end of the
///        suspension, after which it still lasts until it is restored; 0 is open; otherwise 0
struct Accreditation {
    uint32 certificationBody;
    bytes32 scope;
    uint8 action;
    uint16 reason;
    string coverage;
    uint64 effectiveAt;
    uint64 until;
}

/// @title Accreditations: by an accreditation body, of a certification body, for a main scope
/// @notice Allowed actions: grant from none, granted or withdrawn; reduce and withdraw from granted
///         or suspended; suspend from granted; restore from suspended, not before the suspension's
///         effect. A reduced accreditation stays what it was, granted or suspended.
/// @dev An accreditation body without standing may still reduce, suspend and withdraw: it warns.
///      Whether the coverage is JSON, and of what it speaks, is checked by everyone who reads it.
interface IAccreditations is IAccounts, ITimes {
    /// @notice The accreditation body declared this. `sequence` counts the events of the two
    ///         bodies and the scope from 0.
    event AccreditationDeclared(
        uint32 indexed accreditationBody,
        uint32 indexed certificationBody,
        bytes32 indexed scope,
        uint8 action,
        uint16 reason,
        string coverage,
        uint64 effectiveAt,
        uint64 until,
        uint32 sequence
    );

    /// @notice There is no such action.
    error ActionUnknown(uint8 action);

    /// @notice The accreditation stands at `state` (0 none, else the action that made it so), and
    ///         from there this is not possible.
    error AccreditationForbids(uint32 certificationBody, bytes32 scope, uint8 state, uint8 action);

    /// @notice No body accredits itself.
    error AccreditsItself(uint32 member);

    /// @notice A scope is `MSC` or, where sub-scopes are allowed, `MSC/QMS`.
    error ScopeMalformed(bytes32 scope);

    /// @notice Coverage is 1 byte up to the limit; with limit 0 it must be absent.
    error CoverageLength(uint256 length, uint256 limit);

    /// @notice Declares what an accreditation body has decided.
    /// @dev Operating account of an accreditation body, active for 1 and 4.
    function declare(Accreditation calldata accreditation) external;

    /// @notice 0 none, 1 granted, 3 suspended, 5 withdrawn, as recorded, times aside.
    function stateOf(uint32 accreditationBody, uint32 certificationBody, bytes32 scope)
        external
        view
        returns (uint8);

    /// @notice How many events there are: the next one's sequence.
    function eventCount(uint32 accreditationBody, uint32 certificationBody, bytes32 scope)
        external
        view
        returns (uint32);
}
