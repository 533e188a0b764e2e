// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberAccess} from "./MemberAccess.sol";
import {Accreditation, IAccreditations} from "./interfaces/IAccreditations.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Roles} from "./libraries/Roles.sol";
import {Scopes} from "./libraries/Scopes.sol";
import {Times} from "./libraries/Times.sol";
import {Account} from "./types/Account.sol";

/// @title What accreditation bodies say of certification bodies; see {IAccreditations}
contract Accreditations is IAccreditations, MemberAccess {
    struct Record {
        uint8 state;
        uint32 events;
        uint64 suspendedAt;
    }

    uint8 private constant GRANT = 1;
    uint8 private constant REDUCE = 2;
    uint8 private constant SUSPEND = 3;
    uint8 private constant RESTORE = 4;
    uint8 private constant WITHDRAW = 5;
    uint256 private constant MAX_COVERAGE = 4096;

    mapping(
        uint32 accreditationBody
            => mapping(uint32 certificationBody => mapping(bytes32 scope => Record))
    ) private _records;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc IAccreditations
    function declare(Accreditation calldata accreditation) external {
        Account account = _operating();
        _requireRole(account, Roles.ACCREDITATION_BODY);
        uint8 action = accreditation.action;
        if (action < GRANT || action > WITHDRAW) revert ActionUnknown(action);
        if (action == GRANT || action == RESTORE) _requireActive(account);
        _requireSubject(account.member(), accreditation);
        _requireShape(accreditation);
        Record storage record =
            _records[account.member()][accreditation.certificationBody][accreditation.scope];
        _requireMove(record, accreditation);
        uint32 sequence = record.events++;
        if (action == SUSPEND) record.suspendedAt = accreditation.effectiveAt;
        if (action != REDUCE) record.state = action == RESTORE ? GRANT : action;
        _emit(account.member(), accreditation, sequence);
    }

    /// @inheritdoc IAccreditations
    function stateOf(uint32 accreditationBody, uint32 certificationBody, bytes32 scope)
        external
        view
        returns (uint8)
    {
        return _records[accreditationBody][certificationBody][scope].state;
    }

    /// @inheritdoc IAccreditations
    function eventCount(uint32 accreditationBody, uint32 certificationBody, bytes32 scope)
        external
        view
        returns (uint32)
    {
        return _records[accreditationBody][certificationBody][scope].events;
    }

    function _requireSubject(uint32 accreditationBody, Accreditation calldata accreditation)
        private
        view
    {
        uint32 body = accreditation.certificationBody;
        if (body == accreditationBody) revert AccreditsItself(body);
        if (!Roles.contain(MEMBERS.get(body).roles, Roles.CERTIFICATION_BODY)) {
            revert RoleMissing(body, Roles.CERTIFICATION_BODY);
        }
    }

    function _requireShape(Accreditation calldata accreditation) private view {
        if (!Scopes.isMain(accreditation.scope)) revert ScopeMalformed(accreditation.scope);
        uint8 action = accreditation.action;
        bool covers = action == GRANT || action == REDUCE;
        uint256 limit = covers ? MAX_COVERAGE : 0;
        uint256 length = bytes(accreditation.coverage).length;
        if (length > limit || (covers && length == 0)) revert CoverageLength(length, limit);
        if (accreditation.reason == 0 && (action == SUSPEND || action == WITHDRAW)) {
            revert ReasonMissing();
        }
        Times.requireEffective(accreditation.effectiveAt);
        if (covers || action == SUSPEND) {
            Times.requireOpenOrAfter(accreditation.until, accreditation.effectiveAt);
        } else {
            Times.requireNone(accreditation.until);
        }
    }

    function _requireMove(Record storage record, Accreditation calldata accreditation)
        private
        view
    {
        uint8 state = record.state;
        uint8 action = accreditation.action;
        bool allowed = state == SUSPEND
            ? action != GRANT && action != SUSPEND
            : state == GRANT ? action != RESTORE : action == GRANT;
        if (!allowed) {
            revert AccreditationForbids(
                accreditation.certificationBody, accreditation.scope, state, action
            );
        }
        if (action == RESTORE) {
            Times.requireNotBefore(record.suspendedAt, accreditation.effectiveAt);
        }
    }

    function _emit(uint32 accreditationBody, Accreditation calldata accreditation, uint32 sequence)
        private
    {
        emit AccreditationDeclared(
            accreditationBody,
            accreditation.certificationBody,
            accreditation.scope,
            accreditation.action,
            accreditation.reason,
            accreditation.coverage,
            accreditation.effectiveAt,
            accreditation.until,
            sequence
        );
    }
}
