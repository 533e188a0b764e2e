// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../src/Directory.sol";
import {Members} from "../src/Members.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {LedgerTest} from "./LedgerTest.sol";

contract DirectoryTest is LedgerTest {
    function test_names_its_contracts_in_order() public view {
        bytes32[] memory names = directory.names();
        vm.assertEq(names.length, 7);
        vm.assertEq(names[0], bytes32("members"));
        vm.assertEq(names[3], bytes32("statuses"));
        vm.assertEq(names[6], bytes32("notices"));
        vm.assertEq(directory.at("anchors"), address(anchors));
        vm.assertEq(directory.at("nothing"), address(0));
    }

    function test_set_publishes_the_code_hash() public {
        Directory fresh = new Directory();
        vm.expectEmit(address(fresh));
        emit IDirectory.ContractSet("keys", address(keys), address(keys).codehash);
        fresh.set("keys", address(keys));
    }

    function test_set_again_replaces_and_lists_once() public {
        Directory fresh = new Directory();
        fresh.set("keys", address(keys));
        fresh.set("keys", address(anchors));
        vm.assertEq(fresh.at("keys"), address(anchors));
        vm.assertEq(fresh.names().length, 1);
    }

    function test_set_refuses_the_same_contract() public {
        Directory fresh = new Directory();
        fresh.set("keys", address(keys));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDirectory.ContractUnchanged.selector, bytes32("keys"), address(keys)
            )
        );
        fresh.set("keys", address(keys));
    }

    function test_set_refuses_an_address_without_code() public {
        Directory fresh = new Directory();
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NoCode.selector, STRANGER));
        fresh.set("keys", STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NoCode.selector, address(0)));
        fresh.set("keys", address(0));
    }

    function test_set_refuses_an_account_that_delegates() public {
        Directory fresh = new Directory();
        vm.etch(STRANGER, abi.encodePacked(hex"ef0100", address(keys)));
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NoCode.selector, STRANGER));
        fresh.set("keys", STRANGER);
    }

    function test_names_are_written_in_one_way() public {
        Directory fresh = new Directory();
        bytes32[5] memory bad = [
            bytes32(0),
            "Keys",
            "ke ys",
            bytes32(bytes5(hex"6b65790073")),
            bytes32(bytes2(hex"0061"))
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            bytes memory refusal = abi.encodeWithSelector(IDirectory.NameMalformed.selector, bad[i]);
            vm.expectRevert(refusal);
            fresh.set(bad[i], address(keys));
            vm.expectRevert(refusal);
            fresh.setParameter(bad[i], 1);
        }
        fresh.setParameter("abcdefghijklmnopqrstuvwxyz_01239", 1);
    }

    function test_parameter_fits_64_bits() public {
        Directory fresh = new Directory();
        uint256 limit = type(uint64).max;
        vm.expectEmit(address(fresh));
        emit IDirectory.ParameterSet("finality_depth", limit);
        fresh.setParameter("finality_depth", limit);
        vm.assertEq(fresh.parameter("finality_depth"), limit);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDirectory.ParameterTooLarge.selector, bytes32("finality_depth"), limit + 1, limit
            )
        );
        fresh.setParameter("finality_depth", limit + 1);
    }

    function test_only_the_deployer_fills_it() public {
        Directory fresh = new Directory();
        bytes memory refusal = abi.encodeWithSelector(IDirectory.NotAuthorised.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(refusal);
        fresh.set("keys", address(keys));
        vm.expectRevert(refusal);
        fresh.setParameter("x", 1);
        vm.expectRevert(refusal);
        fresh.open();
        vm.stopPrank();
    }

    function test_members_contract_is_powerless_before_opening() public {
        Directory fresh = new Directory();
        Members other = new Members(fresh);
        fresh.set("members", address(other));
        vm.prank(address(other));
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NotAuthorised.selector, address(other)));
        fresh.setParameter("x", 1);
    }

    function test_after_opening_the_deployer_has_nothing() public {
        vm.assertTrue(directory.opened(), "opened");
        vm.assertEq(directory.deployer(), address(0));
        bytes memory refusal =
            abi.encodeWithSelector(IDirectory.NotAuthorised.selector, address(this));
        vm.expectRevert(refusal);
        directory.set("keys", address(anchors));
        vm.expectRevert(refusal);
        directory.setParameter("finality_depth", 1);
        vm.expectRevert(IDirectory.AlreadyOpen.selector);
        directory.open();
    }

    function test_zero_is_never_authorised() public {
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IDirectory.NotAuthorised.selector, address(0)));
        directory.setParameter("x", 1);
    }

    function test_opens_only_when_complete() public {
        Directory fresh = new Directory();
        bytes32[7] memory names = [
            bytes32("keys"),
            "anchors",
            "statuses",
            "accreditations",
            "arrangements",
            "notices",
            "members"
        ];
        address[7] memory contracts = [
            address(keys),
            address(anchors),
            address(statuses),
            address(accreditations),
            address(arrangements),
            address(notices),
            address(new Members(fresh))
        ];
        for (uint256 i = 0; i < names.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(IDirectory.ContractMissing.selector, names[i]));
            fresh.open();
            fresh.set(names[i], contracts[i]);
        }
        vm.expectRevert(IDirectory.NobodyCanVote.selector);
        fresh.open();
    }

    function test_does_not_open_for_observers_alone() public {
        _deploy();
        _found("FR", 8);
        vm.expectRevert(IDirectory.NobodyCanVote.selector);
        directory.open();
        _found("CN", 1);
        vm.expectEmit(address(directory));
        emit IDirectory.Opened();
        directory.open();
    }
}
