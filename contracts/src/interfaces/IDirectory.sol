// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The directory of one ledger: which contracts it consists of, and its parameters
/// @notice Its address, with the chain id, is the ledger's identity. Until `open()` the deployer
///         fills it; afterwards only the contract named "members" does, which acts on votes alone.
///         Names are ASCII `[a-z0-9_]`, left-aligned in 32 bytes and filled with zeros.
/// @dev There is no way back from `open()`, no owner and no proxy. A code hash is published with
///      every contract so that a verifier can pin what it has read.
interface IDirectory {
    /// @notice `name` now means the contract `at`, whose runtime code hashes to `codehash`.
    event ContractSet(bytes32 indexed name, address at, bytes32 codehash);

    /// @notice The parameter `name` now has this value.
    event ParameterSet(bytes32 indexed name, uint256 value);

    /// @notice The deployer gave up its powers: from here on only votes change anything.
    event Opened();

    /// @notice Neither the deployer before opening nor the members contract after it.
    error NotAuthorised(address caller);

    /// @notice A name is lower-case ASCII letters, digits and underscores, then zeros only.
    error NameMalformed(bytes32 name);

    /// @notice There is no contract code at this address, or only a delegation of an account.
    error NoCode(address account);

    /// @notice The name already means this contract.
    error ContractUnchanged(bytes32 name, address current);

    /// @notice Parameters fit in 64 bits.
    error ParameterTooLarge(bytes32 name, uint256 value, uint256 limit);

    /// @notice The ledger cannot open before this contract is named.
    error ContractMissing(bytes32 name);

    /// @notice The ledger cannot open without a member that may vote: it could never change again.
    error NobodyCanVote();

    /// @notice Already open: there is nothing left for the deployer to do.
    error AlreadyOpen();

    /// @notice Names a contract, or replaces the one named.
    /// @dev Deployer until open, then only the members contract. Reverts with {NotAuthorised},
    ///      {NameMalformed}, {NoCode} or {ContractUnchanged}.
    function set(bytes32 name, address contractAddress) external;

    /// @notice Sets a parameter, for example "finality_depth".
    /// @dev Same callers as {set}. Reverts with {NotAuthorised}, {NameMalformed} or
    ///      {ParameterTooLarge}.
    function setParameter(bytes32 name, uint256 value) external;

    /// @notice Hands the ledger over to its members, for ever.
    /// @dev Deployer only. Reverts with {AlreadyOpen}, {NotAuthorised}, {ContractMissing} or
    ///      {NobodyCanVote}.
    function open() external;

    /// @notice Would {set} accept this now, callers aside? Reverts with the reason if not.
    function requireSettable(bytes32 name, address contractAddress) external view;

    /// @notice Would {setParameter} accept this, callers aside? Reverts with the reason if not.
    function requireParameter(bytes32 name, uint256 value) external pure;

    /// @notice The contract with this name, or zero.
    function at(bytes32 name) external view returns (address);

    /// @notice The parameter's value, or zero when it was never set.
    function parameter(bytes32 name) external view returns (uint256);

    /// @notice Every contract name ever set, in order of first appearance.
    function names() external view returns (bytes32[] memory);

    /// @notice Has the ledger been handed over to its members?
    function opened() external view returns (bool);

    /// @notice The deployer until opening, zero afterwards.
    function deployer() external view returns (address);
}
