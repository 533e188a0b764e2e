// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Names} from "./libraries/Names.sol";

/// @title The directory of one ledger; see {IDirectory}
contract Directory is IDirectory {
    using EnumerableSet for EnumerableSet.Bytes32Set;

    uint256 private constant PARAMETER_LIMIT = type(uint64).max;

    address private _deployer;
    bool private _opened;
    EnumerableSet.Bytes32Set private _names;
    mapping(bytes32 name => address) private _contracts;
    mapping(bytes32 name => uint256) private _parameters;

    constructor() {
        _deployer = msg.sender;
    }

    modifier onlyAuthorised() {
        address authority = _opened ? _contracts[Names.MEMBERS] : _deployer;
        if (msg.sender != authority) revert NotAuthorised(msg.sender);
        _;
    }

    /// @inheritdoc IDirectory
    function set(bytes32 name, address contractAddress) external onlyAuthorised {
        requireSettable(name, contractAddress);
        _contracts[name] = contractAddress;
        emit ContractSet(name, contractAddress, contractAddress.codehash);
        _names.add(name);
    }

    /// @inheritdoc IDirectory
    function setParameter(bytes32 name, uint256 value) external onlyAuthorised {
        requireParameter(name, value);
        _parameters[name] = value;
        emit ParameterSet(name, value);
    }

    /// @inheritdoc IDirectory
    function open() external {
        if (_opened) revert AlreadyOpen();
        if (msg.sender != _deployer) revert NotAuthorised(msg.sender);
        _requireNamed(Names.KEYS);
        _requireNamed(Names.ANCHORS);
        _requireNamed(Names.STATUSES);
        _requireNamed(Names.ACCREDITATIONS);
        _requireNamed(Names.ARRANGEMENTS);
        _requireNamed(Names.NOTICES);
        IMembers members = IMembers(_requireNamed(Names.MEMBERS));
        if (members.voterCount() == 0) revert NobodyCanVote();
        _opened = true;
        _deployer = address(0);
        emit Opened();
    }

    /// @inheritdoc IDirectory
    function at(bytes32 name) external view returns (address) {
        return _contracts[name];
    }

    /// @inheritdoc IDirectory
    function parameter(bytes32 name) external view returns (uint256) {
        return _parameters[name];
    }

    /// @inheritdoc IDirectory
    function names() external view returns (bytes32[] memory) {
        return _names.values();
    }

    /// @inheritdoc IDirectory
    function opened() external view returns (bool) {
        return _opened;
    }

    /// @inheritdoc IDirectory
    function deployer() external view returns (address) {
        return _deployer;
    }

    /// @inheritdoc IDirectory
    /// @dev Code starting with 0xef is an account that delegates (EIP-7702), not a contract: its
    ///      holder could change what it does.
    function requireSettable(bytes32 name, address contractAddress) public view {
        if (!Names.isWellFormed(name)) revert NameMalformed(name);
        bytes memory code = contractAddress.code;
        if (code.length == 0 || code[0] == 0xef) revert NoCode(contractAddress);
        if (_contracts[name] == contractAddress) revert ContractUnchanged(name, contractAddress);
    }

    /// @inheritdoc IDirectory
    function requireParameter(bytes32 name, uint256 value) public pure {
        if (!Names.isWellFormed(name)) revert NameMalformed(name);
        if (value > PARAMETER_LIMIT) revert ParameterTooLarge(name, value, PARAMETER_LIMIT);
    }

    function _requireNamed(bytes32 name) private view returns (address named) {
        named = _contracts[name];
        if (named == address(0)) revert ContractMissing(name);
    }
}
