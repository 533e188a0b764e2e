// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Scopes} from "../src/libraries/Scopes.sol";
import {ForgeTest} from "./Vm.sol";

contract ScopesTest is ForgeTest {
    function test_main_scopes_and_sub_scopes() public pure {
        _is("MSC", true, true, "MSC");
        _is("A", true, true, "A");
        _is("MSC/QMS", false, true, "MSC");
        _is("MSC/EnMS", false, true, "MSC");
        _is("A/b", false, true, "A");
        _is("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", true, true, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
        _is("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123/4", false, true, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123");
    }

    function test_what_is_no_scope() public pure {
        bytes32[11] memory others = [
            bytes32(0),
            "/",
            "MSC/",
            "/QMS",
            "MSC//QMS",
            "MSC/QMS/X",
            "MSC QMS",
            "MSC-QMS",
            "MSC\x00X",
            "MSC/QMS\x00X",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234/"
        ];
        for (uint256 i = 0; i < others.length; i++) {
            vm.assertFalse(Scopes.isWellFormed(others[i]), "well formed");
            vm.assertFalse(Scopes.isMain(others[i]), "main");
        }
    }

    function testFuzz_a_main_scope_is_its_own(bytes32 scope) public pure {
        if (!Scopes.isWellFormed(scope)) return;
        bytes32 main = Scopes.mainOf(scope);
        vm.assertTrue(Scopes.isMain(main), "main");
        vm.assertEq(Scopes.mainOf(main), main);
        vm.assertTrue((main == scope) == Scopes.isMain(scope), "itself");
    }

    function _is(bytes32 scope, bool isMain, bool isWellFormed, bytes32 main) private pure {
        vm.assertTrue(Scopes.isMain(scope) == isMain, "main");
        vm.assertTrue(Scopes.isWellFormed(scope) == isWellFormed, "well formed");
        vm.assertEq(Scopes.mainOf(scope), main);
    }
}
