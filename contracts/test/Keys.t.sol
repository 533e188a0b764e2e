// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "../src/interfaces/IAccounts.sol";
import {FirstKey, IKeys} from "../src/interfaces/IKeys.sol";
import {IMembers} from "../src/interfaces/IMembers.sol";
import {Keys} from "../src/Keys.sol";
import {LedgerTest} from "./LedgerTest.sol";

contract KeysTest is LedgerTest {
    function _point(uint256 length, bytes1 first) private pure returns (bytes memory point) {
        point = new bytes(length);
        point[0] = first;
    }

    function test_needs_a_members_contract() public {
        vm.expectRevert(IAccounts.ZeroAddress.selector);
        new Keys(IMembers(address(0)));
    }

    function test_thumbprint_is_the_sha256_of_the_key() public {
        bytes memory jwk = _jwk(20);
        vm.expectEmit(address(keys));
        emit IKeys.KeyAdded(CN, sha256(jwk), 2, jwk, "");
        _add(CN, 2, jwk, "");
        (uint8 purpose, bool revoked) = keys.keyOf(CN, sha256(jwk));
        vm.assertEq(purpose, 2);
        vm.assertFalse(revoked, "not revoked");
    }

    function test_first_keys_come_with_admission() public view {
        (uint8 purpose,) = keys.keyOf(DE, sha256(_jwk(uint8(DE))));
        vm.assertEq(purpose, 1);
    }

    function test_only_members_adds_first_keys() public {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.OnlyMembers.selector, STRANGER));
        keys.addFirst(CN, new FirstKey[](0));
    }

    function test_refuses_strangers_and_recovery_accounts() public {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        keys.add(1, _jwk(20), "");
        vm.prank(_recovery(CN));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, _recovery(CN)));
        keys.add(1, _jwk(20), "");
    }

    function test_refuses_the_frozen_and_the_suspended() public {
        _freeze(CN);
        vm.prank(_operating(CN));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        keys.add(1, _jwk(20), "");
        _suspend(DE);
        vm.prank(_operating(DE));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberNotActive.selector, DE));
        keys.add(1, _jwk(20), "");
    }

    function test_refuses_unknown_purposes() public {
        _expectAdd(0, _jwk(20), "", abi.encodeWithSelector(IKeys.PurposeUnknown.selector, 0));
        _expectAdd(4, _jwk(20), "", abi.encodeWithSelector(IKeys.PurposeUnknown.selector, 4));
    }

    function test_refuses_what_is_no_json_object() public {
        bytes memory refusal = abi.encodeWithSelector(IKeys.PublicKeyMalformed.selector, 1);
        bytes memory jwk = _jwk(20);
        _expectAdd(1, "", "", refusal);
        _expectAdd(1, "{}", "", refusal);
        _expectAdd(1, abi.encodePacked(" ", jwk), "", refusal);
        _expectAdd(1, abi.encodePacked(jwk, "\n"), "", refusal);
        _expectAdd(1, abi.encodePacked("{", new bytes(511), "}"), "", refusal);
        _add(CN, 1, abi.encodePacked("{", new bytes(510), "}"), "");
        _add(CN, 1, abi.encodePacked("{", new bytes(62), "}"), "");
        _expectAdd(1, abi.encodePacked("{", new bytes(61), "}"), "", refusal);
    }

    function test_refuses_a_proof_where_none_belongs() public {
        _expectAdd(2, _jwk(20), "x", abi.encodeWithSelector(IKeys.ProofMalformed.selector, 2));
    }

    function test_co_sign_key_is_a_point_with_a_proof() public {
        bytes memory point = _point(48, 0x80);
        bytes memory proof = _point(96, 0xa0);
        bytes memory badKey = abi.encodeWithSelector(IKeys.PublicKeyMalformed.selector, 3);
        bytes memory badProof = abi.encodeWithSelector(IKeys.ProofMalformed.selector, 3);
        _expectAdd(3, _point(47, 0x80), proof, badKey);
        _expectAdd(3, _point(49, 0x80), proof, badKey);
        _expectAdd(3, _point(48, 0xc0), proof, badKey); // the identity
        _expectAdd(3, _point(48, 0x00), proof, badKey); // not compressed
        _expectAdd(3, _jwk(20), proof, badKey);
        _expectAdd(3, point, "", badProof);
        _expectAdd(3, point, _point(95, 0x80), badProof);
        _expectAdd(3, point, _point(96, 0xc0), badProof);
        _add(CN, 3, point, proof);
        (uint8 purpose,) = keys.keyOf(CN, sha256(point));
        vm.assertEq(purpose, 3);
    }

    function test_refuses_a_key_twice_for_any_purpose() public {
        bytes memory jwk = _jwk(20);
        _add(CN, 1, jwk, "");
        bytes memory refusal = abi.encodeWithSelector(IKeys.KeyExists.selector, CN, sha256(jwk));
        _expectAdd(1, jwk, "", refusal);
        _expectAdd(2, jwk, "", refusal);
    }

    function test_another_member_cannot_take_a_thumbprint_away() public {
        bytes memory jwk = _jwk(20);
        bytes32 thumbprint = sha256(jwk);
        _add(DE, 1, jwk, "");
        vm.prank(_recovery(DE));
        keys.revoke(thumbprint, 4);
        _add(CN, 1, jwk, "");
        (uint8 purpose, bool revoked) = keys.keyOf(CN, thumbprint);
        vm.assertEq(purpose, 1);
        vm.assertFalse(revoked, "DE's revocation is not CN's");
    }

    function test_a_revoked_key_never_returns() public {
        bytes memory jwk = _jwk(20);
        bytes32 thumbprint = sha256(jwk);
        _add(CN, 1, jwk, "");
        vm.expectEmit(address(keys));
        emit IKeys.KeyRevoked(CN, thumbprint, 4, false);
        vm.prank(_operating(CN));
        keys.revoke(thumbprint, 4);
        (, bool revoked) = keys.keyOf(CN, thumbprint);
        vm.assertTrue(revoked, "revoked");
        _expectAdd(1, jwk, "", abi.encodeWithSelector(IKeys.KeyExists.selector, CN, thumbprint));
        vm.prank(_operating(CN));
        vm.expectRevert(abi.encodeWithSelector(IKeys.KeyAlreadyRevoked.selector, CN, thumbprint));
        keys.revoke(thumbprint, 4);
    }

    function test_recovery_revokes_even_when_frozen_or_suspended() public {
        bytes32 thumbprint = sha256(_jwk(uint8(CN)));
        _freeze(CN);
        vm.prank(_operating(CN));
        vm.expectRevert(abi.encodeWithSelector(IAccounts.MemberIsFrozen.selector, CN));
        keys.revoke(thumbprint, 4);
        _suspend(DE);
        bytes32 other = sha256(_jwk(uint8(DE)));
        vm.prank(_operating(DE));
        keys.revoke(other, 4);
        vm.expectEmit(address(keys));
        emit IKeys.KeyRevoked(CN, thumbprint, 5, true);
        vm.prank(_recovery(CN));
        keys.revoke(thumbprint, 5);
    }

    function test_revoke_refuses() public {
        bytes32 thumbprint = sha256(_jwk(uint8(CN)));
        vm.prank(_operating(CN));
        vm.expectRevert(IAccounts.ReasonMissing.selector);
        keys.revoke(thumbprint, 0);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IAccounts.NotOperating.selector, STRANGER));
        keys.revoke(thumbprint, 1);
        vm.prank(_operating(DE));
        vm.expectRevert(abi.encodeWithSelector(IKeys.KeyUnknown.selector, DE, thumbprint));
        keys.revoke(thumbprint, 1);
    }

    /// @dev RFC 7638 §3.1: its thumbprint is NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs.
    function test_rfc_7638_example() public {
        bytes memory jwk = '{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM'
            "78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9"
            "yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL"
            "5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-c"
            'sFCur-kEgU8awapJzKnqDKgw"}';
        _add(CN, 1, jwk, "");
        (uint8 purpose,) =
            keys.keyOf(CN, 0x3736cbb1787cb8309c77ee8c3705c5e16ffb9e859715901f1e4c59b11182f57b);
        vm.assertEq(purpose, 1);
    }

    function testFuzz_keys_of_members_are_apart(uint8 letter, bool first) public {
        vm.assume(letter % 26 > 5);
        bytes memory jwk = _jwk(letter);
        uint32 owner = first ? CN : DE;
        _add(owner, 1, jwk, "");
        (uint8 purpose,) = keys.keyOf(first ? DE : CN, sha256(jwk));
        vm.assertEq(purpose, 0);
    }

    function _add(uint32 member, uint8 purpose, bytes memory key, bytes memory proof) private {
        vm.prank(_operating(member));
        keys.add(purpose, key, proof);
    }

    function _expectAdd(uint8 purpose, bytes memory key, bytes memory proof, bytes memory refusal)
        private
    {
        vm.expectRevert(refusal);
        _add(CN, purpose, key, proof);
    }
}
