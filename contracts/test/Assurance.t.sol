// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {IKeys} from "../src/interfaces/IKeys.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @notice How a member keeps its keys, on its own word.
contract AssuranceTest is LedgerTest {
    bytes32 private _thumbprint;

    function setUp() public override {
        super.setUp();
        _thumbprint = sha256(_jwk(uint8(CN)));
    }

    function test_a_member_declares_how_it_keeps_a_key() public {
        for (uint8 assurance = 1; assurance <= 3; assurance++) {
            vm.expectEmit(address(keys));
            emit IKeys.KeyAssured(CN, _thumbprint, assurance);
            _assure(CN, assurance);
        }
    }

    function test_refuses_unknown_assurances() public {
        vm.expectRevert(abi.encodeWithSelector(IKeys.AssuranceUnknown.selector, 0));
        _assure(CN, 0);
        vm.expectRevert(abi.encodeWithSelector(IKeys.AssuranceUnknown.selector, 4));
        _assure(CN, 4);
    }

    function test_refuses_the_key_of_another() public {
        vm.expectRevert(abi.encodeWithSelector(IKeys.KeyUnknown.selector, DE, _thumbprint));
        _assure(DE, 2);
    }

    function test_refuses_a_revoked_key() public {
        vm.prank(_operating(CN));
        keys.revoke(_thumbprint, 4);
        vm.expectRevert(abi.encodeWithSelector(IKeys.KeyAlreadyRevoked.selector, CN, _thumbprint));
        _assure(CN, 2);
    }

    function test_needs_the_operating_account_of_an_active_member() public {
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        vm.prank(STRANGER);
        keys.assure(_thumbprint, 2);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _recovery(CN)));
        vm.prank(_recovery(CN));
        keys.assure(_thumbprint, 2);
        _suspend(CN);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, CN));
        _assure(CN, 2);
        _freeze(CN);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        _assure(CN, 2);
    }

    function _assure(uint32 member, uint8 assurance) private {
        vm.prank(_operating(member));
        keys.assure(_thumbprint, assurance);
    }
}
