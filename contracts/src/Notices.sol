// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberAccess} from "./MemberAccess.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {INotices, Notice} from "./interfaces/INotices.sol";
import {Roles} from "./libraries/Roles.sol";
import {Texts} from "./libraries/Texts.sol";
import {Account, Standing} from "./types/Account.sol";

/// @title What members publish; see {INotices}
contract Notices is INotices, MemberAccess {
    struct Alert {
        uint8 subjectKind;
        uint32 subjectMember;
        bool lifted;
        bytes32 subjectHash;
    }

    uint8 private constant POLICY = 1;
    uint8 private constant CHANGE = 2;
    uint8 private constant ALERT = 3;
    uint8 private constant CORRECTION = 4;

    uint8 private constant ABOUT_NOTHING = 0;
    uint8 private constant ABOUT_MEMBER = 1;
    uint8 private constant ABOUT_ANCHOR = 3;
    uint8 private constant ABOUT_NOTICE = 4;

    mapping(uint32 member => uint32) private _counts;
    mapping(uint32 member => mapping(uint32 number => Alert)) private _alerts;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc INotices
    function publish(Notice calldata notice, bytes calldata text) external returns (uint32 number) {
        Account account = _operating();
        _requireActive(account);
        _requireAllowed(account, notice);
        bytes32 textHash = Texts.digest(text);
        uint32 member = account.member();
        number = ++_counts[member];
        if (notice.kind == ALERT) {
            _alerts[member][number] =
                Alert(notice.subjectKind, notice.subjectMember, false, notice.subjectHash);
        }
        emit NoticePublished(
            member,
            number,
            notice.kind,
            notice.subjectKind,
            notice.subjectMember,
            notice.subjectHash,
            textHash,
            uint32(text.length)
        );
    }

    /// @inheritdoc INotices
    function lift(uint32 number) external {
        Account account = _operating();
        uint32 member = account.member();
        if (account.standing() == Standing.Expelled) revert MemberNotActive(member);
        Alert storage alert = _alerts[member][number];
        if (alert.subjectKind == ABOUT_NOTHING) revert AlertUnknown(member, number);
        if (alert.lifted) revert AlreadyLifted(member, number);
        alert.lifted = true;
        emit AlertLifted(member, number, alert.subjectKind, alert.subjectMember, alert.subjectHash);
    }

    /// @inheritdoc INotices
    function countOf(uint32 member) external view returns (uint32) {
        return _counts[member];
    }

    /// @inheritdoc INotices
    function isAlert(uint32 member, uint32 number) external view returns (bool) {
        Alert storage alert = _alerts[member][number];
        return alert.subjectKind != ABOUT_NOTHING && !alert.lifted;
    }

    function _requireAllowed(Account account, Notice calldata notice) private view {
        uint8 kind = notice.kind;
        if (kind < POLICY || kind > CORRECTION) revert NoticeKindUnknown(kind);
        if (kind == POLICY) _requireRole(account, Roles.AUTHORITY);
        bool fits = kind == ALERT
            ? _isSubject(notice)
            : kind == CORRECTION
                ? _isOwnNotice(account.member(), notice)
                : notice.subjectKind == ABOUT_NOTHING && notice.subjectMember == 0
                    && notice.subjectHash == 0;
        if (!fits) {
            revert SubjectInvalid(notice.subjectKind, notice.subjectMember, notice.subjectHash);
        }
        if (
            kind == ALERT && notice.subjectMember != account.member()
                && !Roles.contain(account.roles(), Roles.AUTHORITY | Roles.ACCREDITATION_BODY)
        ) {
            revert CannotWarn(account.member(), notice.subjectMember);
        }
    }

    /// @dev A member, or what may be a key or an anchor of it.
    function _isSubject(Notice calldata notice) private view returns (bool) {
        uint8 about = notice.subjectKind;
        return about >= ABOUT_MEMBER && about <= ABOUT_ANCHOR && notice.subjectMember != 0
            && notice.subjectMember <= MEMBERS.count()
            && (notice.subjectHash == 0) == (about == ABOUT_MEMBER);
    }

    function _isOwnNotice(uint32 member, Notice calldata notice) private view returns (bool) {
        uint256 number = uint256(notice.subjectHash);
        return notice.subjectKind == ABOUT_NOTICE && notice.subjectMember == member && number != 0
            && number <= _counts[member];
    }
}
