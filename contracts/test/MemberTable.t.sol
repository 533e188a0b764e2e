// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../src/Directory.sol";
import {Members} from "../src/Members.sol";
import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {FirstKey, IKeys} from "../src/interfaces/IKeys.sol";
import {Admission, IMembers, Member} from "../src/interfaces/IMembers.sol";
import {Account, Standing} from "../src/types/Account.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// forge-config: default.isolate = true
/// @notice Founding, what an admission must be, and the two accounts.
contract MemberTableTest is LedgerTest {
    function test_needs_a_directory() public {
        vm.expectRevert(IAccounts.ZeroAddress.selector);
        new Members(IDirectory(address(0)));
    }

    function test_founding_records_and_publishes() public {
        _deploy();
        Admission memory admission = _admission(1, "CN", 3);
        vm.expectEmit(address(members));
        emit IMembers.MemberAdmitted(
            1, admission.names, "CN", 3, admission.endpoint, admission.operating, admission.recovery
        );
        vm.assertEq(members.found(admission), 1);
        Member memory member = members.get(1);
        vm.assertEq(member.operating, _operating(1));
        vm.assertEq(member.recovery, _recovery(1));
        vm.assertEq(bytes32(member.economy), bytes32("CN"));
        vm.assertEq(member.roles, 3);
        vm.assertTrue(member.standing == Standing.Active, "active");
        vm.assertEq(members.memberOf(_operating(1)), 1);
        vm.assertEq(members.memberOfRecovery(_recovery(1)), 1);
        vm.assertEq(members.memberOf(_recovery(1)), 0);
    }

    function test_only_the_deployer_founds_and_only_before_opening() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotFounding.selector, address(this)));
        members.found(_admission(9, "CN", 1));
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotFounding.selector, address(0)));
        members.found(_admission(9, "CN", 1));
        _deploy();
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotFounding.selector, STRANGER));
        members.found(_admission(9, "CN", 1));
    }

    function test_founding_needs_the_keys_contract() public {
        directory = new Directory();
        members = new Members(directory);
        vm.expectRevert(
            abi.encodeWithSelector(IDirectory.ContractMissing.selector, bytes32("keys"))
        );
        members.found(_admission(1, "CN", 1));
    }

    function test_names_have_bounds() public {
        _deploy();
        Admission memory admission = _admission(1, "CN", 1);
        admission.names = "";
        _refused(admission, abi.encodeWithSelector(IMembers.NamesLength.selector, 0, 1024));
        admission.names = string(new bytes(1025));
        _refused(admission, abi.encodeWithSelector(IMembers.NamesLength.selector, 1025, 1024));
        admission.names = string(new bytes(1024));
        members.found(admission);
    }

    function test_economy_is_two_capitals() public {
        _deploy();
        string[6] memory bad = ["", "C", "CHN", "cn", "C1", unicode"é"];
        for (uint256 i = 0; i < bad.length; i++) {
            _refused(
                _admission(1, bad[i], 1),
                abi.encodeWithSelector(IMembers.EconomyMalformed.selector, bad[i])
            );
        }
    }

    function test_roles_are_known_and_observers_only_observe() public {
        _deploy();
        uint8[4] memory bad = [0, 9, 16, 255];
        for (uint256 i = 0; i < bad.length; i++) {
            _refused(
                _admission(1, "CN", bad[i]),
                abi.encodeWithSelector(IMembers.RolesInvalid.selector, bad[i])
            );
        }
    }

    function test_endpoint_is_an_origin_of_its_own() public {
        _deploy();
        Admission memory admission = _admission(1, "CN", 1);
        admission.endpoint = "https://a.example/";
        _refused(
            admission,
            abi.encodeWithSelector(IMembers.EndpointMalformed.selector, "https://a.example/")
        );
        admission.endpoint = "http://localhost:81";
        members.found(admission);
        Admission memory other = _admission(2, "DE", 1);
        other.endpoint = "https://localhost:81";
        _refused(
            other, abi.encodeWithSelector(IMembers.EndpointUsed.selector, "https://localhost:81")
        );
    }

    function test_accounts_are_fresh_different_and_not_zero() public {
        _deploy();
        _found("CN", 1);
        Admission memory admission = _admission(2, "DE", 1);
        address[2] memory taken = [_operating(1), _recovery(1)];
        for (uint256 i = 0; i < taken.length; i++) {
            bytes memory refusal = abi.encodeWithSelector(IMembers.AddressUsed.selector, taken[i]);
            admission.operating = taken[i];
            _refused(admission, refusal);
            admission.operating = _operating(2);
            admission.recovery = taken[i];
            _refused(admission, refusal);
            admission.recovery = _recovery(2);
        }
        admission.recovery = _operating(2);
        _refused(admission, abi.encodeWithSelector(IMembers.AddressUsed.selector, _operating(2)));
        admission.recovery = address(0);
        _refused(admission, abi.encodeWithSelector(IAccounts.ZeroAddress.selector));
        admission.recovery = _recovery(2);
        admission.operating = address(0);
        _refused(admission, abi.encodeWithSelector(IAccounts.ZeroAddress.selector));
    }

    function test_first_keys_have_bounds_and_must_be_well_formed() public {
        _deploy();
        Admission memory admission = _admission(1, "CN", 1);
        admission.keys = new FirstKey[](9);
        for (uint8 i = 0; i < 9; i++) {
            admission.keys[i] = FirstKey(1, _jwk(i), "");
        }
        _refused(admission, abi.encodeWithSelector(IMembers.TooManyKeys.selector, 9, 8));
        admission.keys = new FirstKey[](1);
        admission.keys[0] = FirstKey(4, _jwk(1), "");
        _refused(admission, abi.encodeWithSelector(IKeys.PurposeUnknown.selector, 4));
        admission.keys = new FirstKey[](0);
        members.found(admission);
    }

    function test_a_full_ledger_can_still_count_a_vote() public {
        _deploy();
        for (uint32 number = 1; number <= 2048; number++) {
            _found(number % 2 == 0 ? "CN" : "DE", 1);
        }
        _refused(
            _admission(2049, "CN", 1),
            abi.encodeWithSelector(IMembers.TooManyMembers.selector, 2048)
        );
        directory.open();
        _propose(CN, PARAMETER, 0, abi.encode(bytes32("x"), uint256(1)));
        uint256 before = gasleft();
        vm.assertEq(members.proposalState(1).eligible, 2048);
        vm.assertTrue(before - gasleft() < 20_000_000, "counting costs too much");
    }

    function test_unknown_members() public {
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 0));
        members.get(0);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberUnknown.selector, 6));
        members.get(6);
        vm.assertFalse(members.isActive(0), "zero");
        vm.assertFalse(members.isActive(6), "six");
        vm.assertEq(members.accountOf(STRANGER).member(), 0);
    }

    function test_account_in_one_look_up() public {
        _freeze(BR);
        Account account = members.accountOf(_operating(BR));
        vm.assertEq(account.member(), BR);
        vm.assertEq(account.roles(), 3);
        vm.assertTrue(account.standing() == Standing.Active, "active");
        vm.assertTrue(account.isFrozen(), "frozen");
    }

    function test_operating_replaces_itself() public {
        vm.expectEmit(address(members));
        emit IMembers.OperatingAccountChanged(CN, _operating(CN), _fresh(CN), false);
        vm.prank(_operating(CN));
        members.replaceOperating(_fresh(CN));
        vm.assertEq(members.memberOf(_fresh(CN)), CN);
        vm.assertEq(members.memberOf(_operating(CN)), 0);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _operating(CN)));
        vm.prank(_operating(CN));
        members.replaceOperating(address(0x77));
    }

    function test_recovery_undoes_a_replacement_even_frozen() public {
        vm.prank(_operating(CN));
        members.replaceOperating(STRANGER);
        _freeze(CN);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        vm.prank(STRANGER);
        members.replaceOperating(address(0x77));
        vm.expectEmit(address(members));
        emit IMembers.OperatingAccountChanged(CN, STRANGER, _fresh(CN), true);
        vm.prank(_recovery(CN));
        members.recoverOperating(_fresh(CN));
        vm.assertEq(members.memberOf(STRANGER), 0);
        vm.assertEq(members.get(CN).operating, _fresh(CN));
    }

    function test_an_address_is_used_once_for_ever() public {
        vm.prank(_operating(CN));
        members.replaceOperating(_fresh(CN));
        address[5] memory used =
            [_operating(CN), _fresh(CN), _recovery(CN), _operating(DE), _recovery(DE)];
        for (uint256 i = 0; i < used.length; i++) {
            bytes memory refusal = abi.encodeWithSelector(IMembers.AddressUsed.selector, used[i]);
            vm.expectRevert(refusal);
            vm.prank(_fresh(CN));
            members.replaceOperating(used[i]);
            vm.expectRevert(refusal);
            vm.prank(_recovery(CN));
            members.recoverOperating(used[i]);
        }
        vm.expectRevert(IAccounts.ZeroAddress.selector);
        vm.prank(_fresh(CN));
        members.replaceOperating(address(0));
    }

    function test_freeze_and_thaw() public {
        vm.expectEmit(address(members));
        emit IMembers.MemberFrozen(CN);
        _freeze(CN);
        vm.assertFalse(members.isActive(CN), "frozen");
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        vm.prank(_recovery(CN));
        members.freeze();
        vm.expectEmit(address(members));
        emit IMembers.MemberThawed(CN);
        vm.prank(_recovery(CN));
        members.thaw();
        vm.assertTrue(members.isActive(CN), "thawed");
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotFrozen.selector, CN));
        vm.prank(_recovery(CN));
        members.thaw();
    }

    function test_only_recovery_recovers_freezes_and_thaws() public {
        bytes memory refusal =
            abi.encodeWithSelector(IAccounts.NotRecovery.selector, _operating(CN));
        vm.startPrank(_operating(CN));
        vm.expectRevert(refusal);
        members.recoverOperating(_fresh(CN));
        vm.expectRevert(refusal);
        members.freeze();
        vm.expectRevert(refusal);
        members.thaw();
        vm.stopPrank();
    }

    function _refused(Admission memory admission, bytes memory refusal) private {
        vm.expectRevert(refusal);
        members.found(admission);
    }
}

