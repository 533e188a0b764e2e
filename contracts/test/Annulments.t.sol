// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IStatuses} from "../src/interfaces/IStatuses.sol";
import {StatusesTestBase} from "./StatusesTestBase.sol";

/// @notice Annulling: who, until when, and what the slot falls back to.
contract AnnulmentsTest is StatusesTestBase {
    function test_falls_back_to_the_last_event_not_annulled() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(CN, _declaration(WITHDRAWN));
        vm.expectEmit(address(statuses));
        emit IStatuses.StatusAnnulled(CN, SLOT, 1);
        _annul(CN, SLOT, 1);
        vm.assertEq(statuses.stateOf(CN, SLOT), SUSPENDED);
        _annul(CN, SLOT, 0);
        vm.assertEq(statuses.stateOf(CN, SLOT), 0);
        vm.assertEq(statuses.eventCount(CN, SLOT), 2);
        (, bool annulled,,) = statuses.eventAt(CN, SLOT, 1);
        vm.assertTrue(annulled, "annulled");
        _declare(CN, _declaration(CANCELLED));
        vm.assertEq(statuses.eventCount(CN, SLOT), 3);
    }

    function test_a_restore_after_an_annulment_looks_at_the_suspension_that_counts() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(CN, _declaration(IN_FORCE));
        _annul(CN, SLOT, 1);
        _declare(CN, _declaration(IN_FORCE));
        vm.assertEq(statuses.stateOf(CN, SLOT), IN_FORCE);
    }

    function test_an_annulled_grant_is_not_granted_again() public {
        _declare(CN, _linked(_declaration(IN_FORCE)));
        _annul(CN, SLOT, 0);
        _refused(
            CN,
            _linked(_declaration(IN_FORCE)),
            abi.encodeWithSelector(IStatuses.MoveForbidden.selector, SLOT, 0, IN_FORCE)
        );
    }

    function test_an_event_in_the_middle_goes_if_the_rest_still_stands() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(CN, _declaration(WITHDRAWN));
        _annul(CN, SLOT, 0);
        vm.assertEq(statuses.stateOf(CN, SLOT), WITHDRAWN);
    }

    function test_an_event_that_a_later_one_stands_on_stays() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(CN, _declaration(IN_FORCE));
        _declare(CN, _declaration(SUSPENDED));
        vm.expectRevert(abi.encodeWithSelector(IStatuses.LaterEventDepends.selector, SLOT, 0, 1));
        _annul(CN, SLOT, 0);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.LaterEventDepends.selector, SLOT, 1, 2));
        _annul(CN, SLOT, 1);
        _annul(CN, SLOT, 2);
        _annul(CN, SLOT, 1);
        _annul(CN, SLOT, 0);
        vm.assertEq(statuses.stateOf(CN, SLOT), 0);
    }

    function test_annulled_events_in_between_do_not_count() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(CN, _declaration(WITHDRAWN));
        _annul(CN, SLOT, 1);
        _declare(CN, _declaration(IN_FORCE));
        vm.expectRevert(abi.encodeWithSelector(IStatuses.LaterEventDepends.selector, SLOT, 0, 2));
        _annul(CN, SLOT, 0);
    }

    function test_thirty_days_and_no_more() public {
        _declare(CN, _declaration(SUSPENDED));
        _declare(DE, _declaration(SUSPENDED));
        vm.warp(START + 30 days);
        _annul(CN, SLOT, 0);
        vm.warp(START + 30 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.TooLateToAnnul.selector, SLOT, 0, START));
        _annul(DE, SLOT, 0);
    }

    function test_once() public {
        _declare(CN, _declaration(SUSPENDED));
        _annul(CN, SLOT, 0);
        vm.expectRevert(abi.encodeWithSelector(IStatuses.AlreadyAnnulled.selector, SLOT, 0));
        _annul(CN, SLOT, 0);
    }

    function test_only_what_is_there() public {
        vm.expectRevert(abi.encodeWithSelector(IStatuses.EventUnknown.selector, SLOT, 0));
        _annul(CN, SLOT, 0);
    }

    function test_only_the_members_own_recovery_account() public {
        _declare(CN, _declaration(SUSPENDED));
        vm.expectRevert(abi.encodeWithSelector(IStatuses.EventUnknown.selector, SLOT, 0));
        _annul(DE, SLOT, 0);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotRecovery.selector, _operating(CN)));
        vm.prank(_operating(CN));
        statuses.annul(SLOT, 0);
    }

    function test_frozen_and_suspended_members_annul() public {
        _declare(CN, _declaration(SUSPENDED));
        _freeze(CN);
        _suspend(CN);
        _annul(CN, SLOT, 0);
        vm.assertEq(statuses.stateOf(CN, SLOT), 0);
    }
}
