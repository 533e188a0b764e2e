// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accreditation, IAccreditations} from "../src/interfaces/IAccreditations.sol";
import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {ITimes} from "../src/interfaces/ITimes.sol";
import {AccreditationsTestBase} from "./AccreditationsTestBase.sol";

contract AccreditationsTest is AccreditationsTestBase {
    function test_a_grant_is_published_whole() public {
        Accreditation memory grant = _accreditation(GRANT);
        grant.until = START + 4 * 365 days;
        vm.expectEmit(address(accreditations));
        emit IAccreditations.AccreditationDeclared(
            BR, CN, MSC, GRANT, 7, '{"ISO 9001":"all"}', START, grant.until, 0
        );
        _declare(BR, grant);
        vm.assertEq(accreditations.stateOf(BR, CN, MSC), GRANT);
        vm.assertEq(accreditations.eventCount(BR, CN, MSC), 1);
        vm.assertEq(accreditations.eventCount(BR, DE, MSC), 0);
        vm.assertEq(accreditations.eventCount(BR, CN, "PC"), 0);
    }

    function test_the_whole_course_of_an_accreditation() public {
        uint8[9] memory actions =
            [GRANT, GRANT, REDUCE, SUSPEND_IT, REDUCE, RESTORE_IT, WITHDRAW, GRANT, WITHDRAW];
        uint8[9] memory states =
            [GRANT, GRANT, GRANT, SUSPEND_IT, SUSPEND_IT, GRANT, WITHDRAW, GRANT, WITHDRAW];
        for (uint256 i = 0; i < actions.length; i++) {
            _declare(actions[i]);
            vm.assertEq(accreditations.stateOf(BR, CN, MSC), states[i]);
        }
        vm.assertEq(accreditations.eventCount(BR, CN, MSC), 9);
    }

    function test_forbidden_moves() public {
        _forbidden(0, REDUCE);
        _forbidden(0, SUSPEND_IT);
        _forbidden(0, RESTORE_IT);
        _forbidden(0, WITHDRAW);
        _declare(GRANT);
        _forbidden(GRANT, RESTORE_IT);
        _declare(SUSPEND_IT);
        _forbidden(SUSPEND_IT, GRANT);
        _forbidden(SUSPEND_IT, SUSPEND_IT);
        _declare(WITHDRAW);
        _forbidden(WITHDRAW, REDUCE);
        _forbidden(WITHDRAW, SUSPEND_IT);
        _forbidden(WITHDRAW, RESTORE_IT);
        _forbidden(WITHDRAW, WITHDRAW);
    }

    function test_unknown_actions() public {
        _refused(0, abi.encodeWithSelector(IAccreditations.ActionUnknown.selector, 0));
        _refused(6, abi.encodeWithSelector(IAccreditations.ActionUnknown.selector, 6));
    }

    function test_only_an_accreditation_body_accredits() public {
        bytes memory refusal = abi.encodeWithSelector(IAccounts.RoleMissing.selector, DE, 2);
        vm.expectRevert(refusal);
        _declare(DE, _accreditation(GRANT));
        refusal = abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, 2);
        vm.expectRevert(refusal);
        _declare(BR_AUTHORITY, _accreditation(GRANT));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        vm.prank(STRANGER);
        accreditations.declare(_accreditation(GRANT));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _recovery(BR)));
        vm.prank(_recovery(BR));
        accreditations.declare(_accreditation(GRANT));
    }

    function test_only_a_certification_body_but_itself_is_accredited() public {
        Accreditation memory grant = _accreditation(GRANT);
        grant.certificationBody = BR;
        _refused(grant, abi.encodeWithSelector(IAccreditations.AccreditsItself.selector, BR));
        grant.certificationBody = BR_AUTHORITY;
        _refused(grant, abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, 1));
        grant.certificationBody = 0;
        _refused(grant, abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 0));
        grant.certificationBody = 99;
        _refused(grant, abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 99));
    }

    function test_without_standing_a_body_only_warns() public {
        _declare(GRANT);
        _declare(SUSPEND_IT);
        _suspend(BR);
        bytes memory refusal = abi.encodeWithSelector(IAccounts.MemberNotActive.selector, BR);
        _refused(RESTORE_IT, refusal);
        _refused(GRANT, refusal);
        _declare(REDUCE);
        _declare(WITHDRAW);
        _refused(GRANT, refusal);
        _freeze(BR);
        _refused(WITHDRAW, abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, BR));
    }

    function test_scopes_are_main_scopes() public {
        bytes32[6] memory malformed =
            [bytes32(0), "MSC/QMS", "MS C", " MSC", "MSC\x00X", "<script>"];
        for (uint256 i = 0; i < malformed.length; i++) {
            Accreditation memory grant = _accreditation(GRANT);
            grant.scope = malformed[i];
            _refused(
                grant, abi.encodeWithSelector(IAccreditations.ScopeMalformed.selector, malformed[i])
            );
        }
    }

    function test_coverage_is_bounded_and_only_where_it_belongs() public {
        _coverage(GRANT, 0, 4096);
        _coverage(REDUCE, 0, 4096);
        _coverage(GRANT, 4097, 4096);
        _coverage(GRANT, 1_000_000, 4096);
        _coverage(SUSPEND_IT, 1, 0);
        _coverage(RESTORE_IT, 1, 0);
        _coverage(WITHDRAW, 1, 0);
        Accreditation memory grant = _accreditation(GRANT);
        grant.coverage = string(new bytes(4096));
        _declare(BR, grant);
    }

    function test_suspension_and_withdrawal_need_a_reason() public {
        _declare(GRANT);
        uint8[2] memory actions = [SUSPEND_IT, WITHDRAW];
        for (uint256 i = 0; i < actions.length; i++) {
            Accreditation memory without = _accreditation(actions[i]);
            without.reason = 0;
            _refused(without, abi.encodeWithSelector(IAccounts.ReasonMissing.selector));
        }
        uint8[3] memory others = [GRANT, REDUCE, SUSPEND_IT];
        for (uint256 i = 0; i < others.length; i++) {
            Accreditation memory other = _accreditation(others[i]);
            other.reason = others[i] == SUSPEND_IT ? 1 : 0;
            _declare(BR, other);
        }
    }

    function test_effective_from_long_ago_to_a_year_ahead() public {
        uint64 latest = START + 365 days;
        _times(GRANT, 0, 0, _effective(0, latest));
        _times(GRANT, latest + 1, 0, _effective(latest + 1, latest));
        _times(GRANT, type(uint64).max, 0, _effective(type(uint64).max, latest));
        _times(GRANT, 1, 0, "");
        _times(GRANT, latest, 0, "");
    }

    function test_an_end_comes_after_the_beginning_and_only_where_it_belongs() public {
        _times(GRANT, START, START, _until(START, START + 1, type(uint64).max));
        _times(GRANT, START, START + 1, "");
        _times(GRANT, START, type(uint64).max, "");
        _times(REDUCE, START, START - 1, _until(START - 1, START + 1, type(uint64).max));
        _times(WITHDRAW, START, START + 1, _until(START + 1, 0, 0));
        _times(SUSPEND_IT, START, 1, _until(1, START + 1, type(uint64).max));
        _times(SUSPEND_IT, START, START + 1, "");
        _times(RESTORE_IT, START, START + 1, _until(START + 1, 0, 0));
    }

    function test_nothing_is_restored_before_it_was_suspended() public {
        _declare(GRANT);
        _times(SUSPEND_IT, START + 9, 0, "");
        bytes memory refusal =
            abi.encodeWithSelector(ITimes.RestoredTooEarly.selector, START + 9, START + 8);
        _times(RESTORE_IT, START + 8, 0, refusal);
        _times(RESTORE_IT, START + 9, 0, "");
    }

    function test_bodies_and_scopes_are_apart() public {
        _declare(GRANT);
        Accreditation memory other = _accreditation(GRANT);
        other.certificationBody = DE;
        _declare(BR, other);
        other.scope = "PC";
        _declare(BR, other);
        other.action = WITHDRAW;
        other.coverage = "";
        _declare(BR, other);
        vm.assertEq(accreditations.stateOf(BR, CN, MSC), GRANT);
        vm.assertEq(accreditations.stateOf(BR, DE, MSC), GRANT);
        vm.assertEq(accreditations.stateOf(BR, DE, "PC"), WITHDRAW);
    }

    function _forbidden(uint8 state, uint8 action) private {
        _refused(
            action,
            abi.encodeWithSelector(
                IAccreditations.AccreditationForbids.selector, CN, MSC, state, action
            )
        );
    }

    function _coverage(uint8 action, uint256 length, uint256 limit) private {
        Accreditation memory accreditation = _accreditation(action);
        accreditation.coverage = string(new bytes(length));
        _refused(
            accreditation,
            abi.encodeWithSelector(IAccreditations.CoverageLength.selector, length, limit)
        );
    }

    function _times(uint8 action, uint64 effectiveAt, uint64 until, bytes memory refusal) private {
        Accreditation memory accreditation = _accreditation(action);
        (accreditation.effectiveAt, accreditation.until) = (effectiveAt, until);
        if (refusal.length == 0) _declare(BR, accreditation);
        else _refused(accreditation, refusal);
    }

    function _effective(uint64 effectiveAt, uint64 latest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ITimes.EffectiveTimeOutOfRange.selector, effectiveAt, latest);
    }

    function _until(uint64 until, uint64 earliest, uint64 latest)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ITimes.UntilOutOfRange.selector, until, earliest, latest);
    }

    function _refused(uint8 action, bytes memory refusal) private {
        _refused(_accreditation(action), refusal);
    }

    function _refused(Accreditation memory accreditation, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _declare(BR, accreditation);
    }
}
