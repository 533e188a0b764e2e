// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberAccess} from "./MemberAccess.sol";
import {FirstKey, IKeys} from "./interfaces/IKeys.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Account} from "./types/Account.sol";

/// @title The keys of the members; see {IKeys}
contract Keys is IKeys, MemberAccess {
    struct Key {
        uint8 purpose;
        bool revoked;
    }

    uint8 private constant ASSERTION = 1;
    uint8 private constant CO_SIGN = 3;
    uint8 private constant QUALIFIED = 3;
    uint256 private constant JWK_MIN_LENGTH = 64;
    uint256 private constant JWK_MAX_LENGTH = 512;
    uint256 private constant POINT_LENGTH = 48;
    uint256 private constant PROOF_LENGTH = 96;

    mapping(uint32 member => mapping(bytes32 thumbprint => Key)) private _keys;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc IKeys
    function add(uint8 purpose, bytes calldata publicKey, bytes calldata proof) external {
        Account account = _operating();
        _requireActive(account);
        _add(account.member(), purpose, publicKey, proof);
    }

    /// @inheritdoc IKeys
    function addFirst(uint32 member, FirstKey[] calldata keys) external {
        if (msg.sender != address(MEMBERS)) revert OnlyMembers(msg.sender);
        for (uint256 i = 0; i < keys.length; i++) {
            _add(member, keys[i].purpose, keys[i].publicKey, keys[i].proof);
        }
    }

    /// @inheritdoc IKeys
    function revoke(bytes32 thumbprint, uint16 reason) external {
        if (reason == 0) revert ReasonMissing();
        uint32 member = MEMBERS.memberOfRecovery(msg.sender);
        bool byRecovery = member != 0;
        if (!byRecovery) member = _operating().member();
        _requireStanding(member, thumbprint).revoked = true;
        emit KeyRevoked(member, thumbprint, reason, byRecovery);
    }

    /// @inheritdoc IKeys
    function assure(bytes32 thumbprint, uint8 assurance) external {
        Account account = _operating();
        _requireActive(account);
        uint32 member = account.member();
        if (assurance == 0 || assurance > QUALIFIED) revert AssuranceUnknown(assurance);
        _requireStanding(member, thumbprint);
        emit KeyAssured(member, thumbprint, assurance);
    }

    /// @inheritdoc IKeys
    function keyOf(uint32 member, bytes32 thumbprint)
        external
        view
        returns (uint8 purpose, bool revoked)
    {
        Key storage key = _keys[member][thumbprint];
        return (key.purpose, key.revoked);
    }

    /// @inheritdoc IKeys
    function requireWellFormed(uint8 purpose, bytes calldata publicKey, bytes calldata proof)
        public
        pure
    {
        if (purpose < ASSERTION || purpose > CO_SIGN) revert PurposeUnknown(purpose);
        if (purpose == CO_SIGN) {
            if (!_isPoint(publicKey, POINT_LENGTH)) revert PublicKeyMalformed(purpose);
            if (!_isPoint(proof, PROOF_LENGTH)) revert ProofMalformed(purpose);
        } else {
            if (!_isJsonObject(publicKey)) revert PublicKeyMalformed(purpose);
            if (proof.length != 0) revert ProofMalformed(purpose);
        }
    }

    function _add(uint32 member, uint8 purpose, bytes calldata publicKey, bytes calldata proof)
        private
    {
        requireWellFormed(purpose, publicKey, proof);
        bytes32 thumbprint = sha256(publicKey);
        if (_keys[member][thumbprint].purpose != 0) revert KeyExists(member, thumbprint);
        _keys[member][thumbprint] = Key(purpose, false);
        emit KeyAdded(member, thumbprint, purpose, publicKey, proof);
    }

    function _requireStanding(uint32 member, bytes32 thumbprint)
        private
        view
        returns (Key storage key)
    {
        key = _keys[member][thumbprint];
        if (key.purpose == 0) revert KeyUnknown(member, thumbprint);
        if (key.revoked) revert KeyAlreadyRevoked(member, thumbprint);
    }

    /// @dev A compressed BLS12-381 point that is not the identity, by length and flag bits alone.
    function _isPoint(bytes calldata point, uint256 length) private pure returns (bool) {
        return point.length == length && point[0] & 0xc0 == 0x80;
    }

    /// @dev Length and braces; whether it is a canonical JWK is checked by everyone who reads it.
    function _isJsonObject(bytes calldata text) private pure returns (bool) {
        return text.length >= JWK_MIN_LENGTH && text.length <= JWK_MAX_LENGTH && text[0] == "{"
            && text[text.length - 1] == "}";
    }
}
