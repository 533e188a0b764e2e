// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";
import {ITexts} from "./ITexts.sol";

/// @notice What a notice is, and what it is about.
/// @param kind 1 acceptance policy, 2 change of a standard or an interface, 3 risk alert,
///        4 correction
/// @param subjectKind for 3: 1 member, 2 key, 3 anchor; for 4: 4 notice; otherwise 0
/// @param subjectMember the member it is about, or whose key, anchor or notice; otherwise 0
/// @param subjectHash for 2 the thumbprint, for 3 the root, for 4 the notice's number; otherwise 0
struct Notice {
    uint8 kind;
    uint8 subjectKind;
    uint32 subjectMember;
    bytes32 subjectHash;
}

/// @title Notices: public texts of the members, numbered for each of them
/// @notice An acceptance policy comes from an authority. A risk alert comes from an authority, an
///         accreditation body or the member it is about; it stands until its publisher lifts it. A
///         correction is of a notice of one's own. What was published stays on record.
/// @dev Whether a key or an anchor that an alert names exists is not asked: a warning may come
///      first. What a text says is checked by everyone who reads it.
interface INotices is IAccounts, ITexts {
    /// @notice A member published a text. `number` counts its notices from 1.
    event NoticePublished(
        uint32 indexed member,
        uint32 indexed number,
        uint8 kind,
        uint8 subjectKind,
        uint32 subjectMember,
        bytes32 subjectHash,
        bytes32 textHash,
        uint32 textSize
    );

    /// @notice The publisher took its alert back.
    event AlertLifted(
        uint32 indexed member,
        uint32 indexed number,
        uint8 subjectKind,
        uint32 subjectMember,
        bytes32 subjectHash
    );

    /// @notice There is no such kind of notice.
    error NoticeKindUnknown(uint8 kind);

    /// @notice This kind of notice is not about such a thing.
    error SubjectInvalid(uint8 subjectKind, uint32 subjectMember, bytes32 subjectHash);

    /// @notice Neither an authority nor an accreditation body nor the member concerned.
    error CannotWarn(uint32 member, uint32 subjectMember);

    /// @notice The member has no alert with this number.
    error AlertUnknown(uint32 member, uint32 number);

    /// @notice The alert is lifted already.
    error AlreadyLifted(uint32 member, uint32 number);

    /// @notice Publishes a text.
    /// @dev Operating account of an active member, by a transaction of its own.
    function publish(Notice calldata notice, bytes calldata text) external returns (uint32 number);

    /// @notice Takes an alert back.
    /// @dev Operating account of its publisher, unless it is expelled.
    function lift(uint32 number) external;

    /// @notice How many notices a member has published.
    function countOf(uint32 member) external view returns (uint32);

    /// @notice Is this an alert that stands?
    function isAlert(uint32 member, uint32 number) external view returns (bool);
}
