// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {Declaration, IStatuses} from "../src/interfaces/IStatuses.sol";
import {ITimes} from "../src/interfaces/ITimes.sol";
import {StatusesTestBase} from "./StatusesTestBase.sol";

/// @notice Declaring: who, what form, which times, which moves.
contract StatusesTest is StatusesTestBase {
    function test_declares_and_numbers_events() public {
        Declaration memory suspension = _declaration(SUSPENDED);
        vm.expectEmit(address(statuses));
        emit IStatuses.StatusDeclared(CN, SLOT, SUSPENDED, 7, START, START + 90 days, 0, 0, 0);
        _declare(CN, suspension);
        vm.expectEmit(address(statuses));
        emit IStatuses.StatusDeclared(CN, SLOT, IN_FORCE, 7, START, 0, 0, 0, 1);
        _declare(CN, _declaration(IN_FORCE));
        vm.assertEq(statuses.stateOf(CN, SLOT), IN_FORCE);
        vm.assertEq(statuses.eventCount(CN, SLOT), 2);
        (uint8 state, bool annulled, uint64 effectiveAt, uint64 recordedAt) =
            statuses.eventAt(CN, SLOT, 0);
        vm.assertEq(state, SUSPENDED);
        vm.assertFalse(annulled, "annulled");
        vm.assertEq(effectiveAt, START);
        vm.assertEq(recordedAt, START);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.EventUnknown.selector, SLOT, 2));
        statuses.eventAt(CN, SLOT, 2);
    }

    function test_slots_are_kept_apart_by_member() public {
        _declare(CN, _declaration(WITHDRAWN));
        vm.assertEq(statuses.stateOf(DE, SLOT), 0);
        _declare(DE, _declaration(SUSPENDED));
        vm.assertEq(statuses.stateOf(CN, SLOT), WITHDRAWN);
    }

    function test_strangers_and_recovery_accounts_are_refused() public {
        address[2] memory callers = [STRANGER, _recovery(CN)];
        for (uint256 i = 0; i < callers.length; i++) {
            bytes memory refusal =
                abi.encodeWithSelector(IAccounts.NotOperating.selector, callers[i]);
            vm.startPrank(callers[i]);
            vm.expectRevert(refusal);
            statuses.declare(_declaration(SUSPENDED));
            vm.expectRevert(refusal);
            statuses.declareMany(new Declaration[](1));
            vm.stopPrank();
        }
    }

    function test_only_certification_bodies_declare() public {
        bytes memory refusal =
            abi.encodeWithSelector(IAccounts.RoleMissing.selector, BR_AUTHORITY, 1);
        _refused(BR_AUTHORITY, _declaration(SUSPENDED), refusal);
        vm.expectRevert(refusal);
        vm.prank(_operating(BR_AUTHORITY));
        statuses.declareMany(new Declaration[](1));
    }

    function test_frozen_members_declare_nothing() public {
        _freeze(CN);
        _refused(
            CN,
            _declaration(WITHDRAWN),
            abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN)
        );
    }

    function test_without_standing_a_body_still_warns() public {
        _declare(CN, _declaration(SUSPENDED));
        _suspend(CN);
        _warnsOnly("a");
        _decide(EXPEL, CN, abi.encode(uint16(1)));
        _warnsOnly("b");
        _declare(CN, _declaration(WITHDRAWN));
    }

    function _warnsOnly(bytes32 slot) private {
        bytes memory refusal = abi.encodeWithSelector(IAccounts.MemberNotActive.selector, CN);
        _refused(CN, _declaration(IN_FORCE), refusal);
        _refused(CN, _declaration(SUPERSEDED), refusal);
        _refused(CN, _linked(_at(slot, IN_FORCE)), refusal);
        _declare(CN, _at(slot, SUSPENDED));
        _declare(CN, _at(slot, CANCELLED));
        _declare(CN, _at(keccak256(abi.encode(slot)), WITHDRAWN));
    }

    function test_zero_is_no_slot() public {
        _refused(CN, _at(0, SUSPENDED), abi.encodeWithSelector(IStatuses.SlotZero.selector));
    }

    function test_states_are_known() public {
        _refused(CN, _at(SLOT, 0), abi.encodeWithSelector(IStatuses.StateUnknown.selector, 0));
        _refused(CN, _at(SLOT, 6), abi.encodeWithSelector(IStatuses.StateUnknown.selector, 6));
    }

    function test_suspending_and_withdrawing_need_a_reason() public {
        for (uint8 state = SUSPENDED; state <= CANCELLED; state++) {
            Declaration memory declaration = _at(bytes32(uint256(state)), state);
            declaration.reason = 0;
            if (state == CANCELLED) {
                _declare(CN, declaration);
            } else {
                _refused(CN, declaration, abi.encodeWithSelector(IAccounts.ReasonMissing.selector));
            }
        }
    }

    function test_effective_time_has_bounds() public {
        uint64 latest = START + 365 days;
        Declaration memory declaration = _declaration(WITHDRAWN);
        declaration.effectiveAt = 0;
        _refused(CN, declaration, _effective(0, latest));
        declaration.effectiveAt = latest + 1;
        _refused(CN, declaration, _effective(latest + 1, latest));
        declaration.effectiveAt = type(uint64).max;
        _refused(CN, declaration, _effective(type(uint64).max, latest));
        declaration.effectiveAt = latest;
        _declare(CN, declaration);
        declaration.slot = "other";
        declaration.effectiveAt = 1;
        _declare(CN, declaration);
    }

    function test_a_suspension_ends_and_nothing_else_does() public {
        Declaration memory declaration = _declaration(SUSPENDED);
        uint64 latest = START + 5 * 365 days;
        uint64[4] memory bad = [0, START, latest + 1, type(uint64).max];
        for (uint256 i = 0; i < bad.length; i++) {
            declaration.until = bad[i];
            _refused(CN, declaration, _until(bad[i], START + 1, latest));
        }
        declaration.until = START + 1;
        _declare(CN, declaration);
        declaration.slot = "other";
        declaration.until = latest;
        _declare(CN, declaration);
        declaration.state = WITHDRAWN;
        _refused(CN, declaration, _until(latest, 0, 0));
    }

    function test_not_restored_before_it_was_suspended() public {
        Declaration memory declaration = _declaration(SUSPENDED);
        declaration.effectiveAt = START - 10;
        declaration.until = START;
        _declare(CN, declaration);
        Declaration memory restore = _declaration(IN_FORCE);
        restore.effectiveAt = START - 11;
        _refused(
            CN,
            restore,
            abi.encodeWithSelector(
                IStatuses.RestoredBeforeSuspension.selector, SLOT, START - 10, START - 11
            )
        );
        restore.effectiveAt = START - 10;
        _declare(CN, restore);
    }

    function test_superseding_names_its_successor() public {
        _refused(CN, _declaration(SUPERSEDED), _link(SLOT, 0, 0));
        Declaration memory declaration = _linked(_declaration(SUPERSEDED));
        _declare(CN, declaration);
        vm.assertEq(statuses.stateOf(CN, SLOT), SUPERSEDED);
    }

    function test_granted_in_the_place_of_a_predecessor() public {
        _refused(CN, _declaration(IN_FORCE), _link(SLOT, 0, 0));
        _declare(CN, _linked(_declaration(IN_FORCE)));
        _refused(CN, _linked(_declaration(IN_FORCE)), _move(IN_FORCE, IN_FORCE));
        _declare(CN, _declaration(SUSPENDED));
        _refused(CN, _linked(_declaration(IN_FORCE)), _link(SLOT, DE, "linked"));
        _declare(CN, _declaration(IN_FORCE));
    }

    function test_nothing_else_has_a_link() public {
        for (uint8 state = SUSPENDED; state <= CANCELLED; state++) {
            _refused(CN, _linked(_declaration(state)), _link(SLOT, DE, "linked"));
        }
    }

    function test_links_lead_to_another_slot_of_a_member() public {
        Declaration memory declaration = _declaration(SUPERSEDED);
        (declaration.linkedMember, declaration.linkedSlot) = (CN, SLOT);
        _refused(CN, declaration, _link(SLOT, CN, SLOT));
        (declaration.linkedMember, declaration.linkedSlot) = (0, "linked");
        _refused(CN, declaration, _link(SLOT, 0, "linked"));
        (declaration.linkedMember, declaration.linkedSlot) = (DE, 0);
        _refused(CN, declaration, _link(SLOT, DE, 0));
        (declaration.linkedMember, declaration.linkedSlot) = (OBSERVER + 1, "linked");
        _refused(CN, declaration, _link(SLOT, OBSERVER + 1, "linked"));
        (declaration.linkedMember, declaration.linkedSlot) = (DE, SLOT);
        _declare(CN, declaration);
    }

    /// @dev Every pair of states, from a slot brought into the first: 0 is granted.
    function test_every_move() public {
        for (uint8 from = 0; from <= SUPERSEDED; from++) {
            for (uint8 to = IN_FORCE; to <= SUPERSEDED; to++) {
                bytes32 slot = bytes32(uint256(from) * 16 + to + 1);
                _bring(slot, from);
                Declaration memory next = _at(slot, to);
                if (to == SUPERSEDED) next = _linked(next);
                bool allowed =
                    from <= IN_FORCE ? to >= SUSPENDED : from == SUSPENDED && to != SUSPENDED;
                if (allowed) {
                    _declare(CN, next);
                } else if (from == 0) {
                    _refused(CN, next, _link(slot, 0, 0));
                } else {
                    _refused(
                        CN,
                        next,
                        abi.encodeWithSelector(IStatuses.MoveForbidden.selector, slot, from, to)
                    );
                }
            }
        }
    }

    function _bring(bytes32 slot, uint8 state) private {
        if (state == 0) return;
        if (state == IN_FORCE || state == SUPERSEDED) _declare(CN, _linked(_at(slot, state)));
        else _declare(CN, _at(slot, state));
    }

    function test_declares_many_or_none() public {
        Declaration[] memory many = new Declaration[](3);
        many[0] = _at("a", SUSPENDED);
        many[1] = _at("b", WITHDRAWN);
        many[2] = _at("a", WITHDRAWN);
        vm.prank(_operating(CN));
        statuses.declareMany(many);
        vm.assertEq(statuses.stateOf(CN, "a"), WITHDRAWN);
        vm.assertEq(statuses.eventCount(CN, "a"), 2);
        many[0] = _at("c", SUSPENDED);
        vm.expectRevert(
            abi.encodeWithSelector(
                IStatuses.MoveForbidden.selector, bytes32("b"), WITHDRAWN, WITHDRAWN
            )
        );
        vm.prank(_operating(CN));
        statuses.declareMany(many);
        vm.assertEq(statuses.eventCount(CN, "c"), 0);
    }

    function test_declares_1_to_256() public {
        uint16[2] memory bad = [0, 257];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(IStatuses.DeclarationCount.selector, bad[i], 256)
            );
            vm.prank(_operating(CN));
            statuses.declareMany(new Declaration[](bad[i]));
        }
        Declaration[] memory most = new Declaration[](256);
        for (uint256 i = 0; i < 256; i++) {
            most[i] = _at(bytes32(i + 1), WITHDRAWN);
        }
        vm.prank(_operating(CN));
        statuses.declareMany(most);
        vm.assertEq(statuses.stateOf(CN, bytes32(uint256(256))), WITHDRAWN);
    }

    function testFuzz_restores_are_never_before(uint64 suspendedAt, uint64 restoredAt) public {
        suspendedAt = uint64(_bound(suspendedAt, 1, START + 365 days));
        restoredAt = uint64(_bound(restoredAt, 1, START + 365 days));
        Declaration memory declaration = _declaration(SUSPENDED);
        (declaration.effectiveAt, declaration.until) = (suspendedAt, suspendedAt + 1);
        _declare(CN, declaration);
        declaration = _declaration(IN_FORCE);
        declaration.effectiveAt = restoredAt;
        if (restoredAt < suspendedAt) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IStatuses.RestoredBeforeSuspension.selector, SLOT, suspendedAt, restoredAt
                )
            );
        }
        _declare(CN, declaration);
    }

    function _effective(uint64 time, uint64 latest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ITimes.EffectiveTimeOutOfRange.selector, time, latest);
    }

    function _until(uint64 time, uint64 earliest, uint64 latest)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ITimes.UntilOutOfRange.selector, time, earliest, latest);
    }

    function _link(bytes32 slot, uint32 member, bytes32 linked)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IStatuses.LinkInvalid.selector, slot, member, linked);
    }

    function _move(uint8 from, uint8 to) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IStatuses.MoveForbidden.selector, SLOT, from, to);
    }
}
