// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";

/// @notice A key that a member brings along when it is admitted.
struct FirstKey {
    uint8 purpose;
    bytes publicKey;
    bytes proof;
}

/// @title The members' keys by purpose, their history kept for ever
/// @notice Purposes: 1 assertion, 2 share, 3 co-sign. The thumbprint is computed here:
///         SHA-256 of `publicKey`, which for 1 and 2 is the RFC 7638 canonical JWK (so it is the
///         key's RFC 7638 thumbprint) and for 3 the 48-byte compressed BLS12-381 point.
///
///         A thumbprint is registered per member, not per ledger: public keys are public, so were
///         thumbprints unique, anyone could register another member's key first and shut it out.
///         A verifier therefore always asks for the key *of the issuing member*.
/// @dev Caveat: possession is not proven here for purposes 1 and 2, and the proof of purpose 3 is
///      stored and published, not verified; every node and every verifier verifies it.
interface IKeys is IAccounts {
    /// @notice A key was registered. It counts from this position of the ledger on.
    event KeyAdded(
        uint32 indexed member,
        bytes32 indexed thumbprint,
        uint8 purpose,
        bytes publicKey,
        bytes proof
    );

    /// @notice A key was revoked. Nothing after this position is signed by it.
    event KeyRevoked(
        uint32 indexed member, bytes32 indexed thumbprint, uint16 reason, bool byRecovery
    );

    /// @notice The member declared how it keeps this key: 1 in a file, 2 in a hardware module, 3 in
    ///         a module with a qualified certificate. Until it says so, 1.
    event KeyAssured(uint32 indexed member, bytes32 indexed thumbprint, uint8 assurance);

    /// @notice There is no such assurance.
    error AssuranceUnknown(uint8 assurance);

    /// @notice There is no such purpose.
    error PurposeUnknown(uint8 purpose);

    /// @notice The public key does not have the form of its purpose.
    error PublicKeyMalformed(uint8 purpose);

    /// @notice A co-sign key needs a proof of possession of 96 bytes, the others none.
    error ProofMalformed(uint8 purpose);

    /// @notice This member registered this key before; a revoked key never returns.
    error KeyExists(uint32 member, bytes32 thumbprint);

    /// @notice This member has no such key.
    error KeyUnknown(uint32 member, bytes32 thumbprint);

    /// @notice The key is revoked already.
    error KeyAlreadyRevoked(uint32 member, bytes32 thumbprint);

    /// @notice Registers a key of the caller's member, at once.
    /// @dev Operating account of an active member.
    function add(uint8 purpose, bytes calldata publicKey, bytes calldata proof) external;

    /// @notice Registers the first keys of a member that has just been admitted.
    /// @dev Members contract only.
    function addFirst(uint32 member, FirstKey[] calldata keys) external;

    /// @notice Revokes a key, for ever.
    /// @dev Operating or recovery account of the key's member, whatever the member's standing.
    function revoke(bytes32 thumbprint, uint16 reason) external;

    /// @notice Declares how the caller's member keeps a key, from this position of the ledger on.
    /// @dev Operating account of an active member. On its word: acceptance policies decide what
    ///      they ask for, and an accreditation body or an authority may say otherwise in a notice.
    function assure(bytes32 thumbprint, uint8 assurance) external;

    /// @notice Has the key the form its purpose needs? Reverts with the reason if not.
    function requireWellFormed(uint8 purpose, bytes calldata publicKey, bytes calldata proof)
        external
        pure;

    /// @notice A key's purpose (0: never registered by this member) and whether it is revoked.
    function keyOf(uint32 member, bytes32 thumbprint)
        external
        view
        returns (uint8 purpose, bool revoked);
}
