// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberAccess} from "./MemberAccess.sol";
import {IAnchors} from "./interfaces/IAnchors.sol";
import {IMembers} from "./interfaces/IMembers.sol";
import {Roles} from "./libraries/Roles.sol";
import {Account} from "./types/Account.sol";

/// @title The anchors of the members; see {IAnchors}
contract Anchors is IAnchors, MemberAccess {
    uint32 private constant MIN_SIZE = 64;
    uint32 private constant MAX_SIZE = 131_072;

    mapping(address operating => uint64) private _fences;
    /// @dev A size has a word of its own: written once, without reading what lies beside it.
    mapping(uint32 member => mapping(bytes32 root => uint256)) private _sizes;
    mapping(uint32 member => mapping(bytes32 root => bool)) private _disowned;

    constructor(IMembers members) MemberAccess(members) {}

    /// @inheritdoc IAnchors
    function claim(uint64 fence) external {
        uint32 member = _operating().member();
        uint64 current = _fences[msg.sender];
        if (fence <= current) revert FenceTooLow(member, current, fence);
        _fences[msg.sender] = fence;
        emit FenceClaimed(member, fence);
    }

    /// @inheritdoc IAnchors
    /// @dev The fence comes before the repeat: a worker that was overtaken stops even when it has
    ///      nothing new to say. Standing comes after: repeating what is on record needs none.
    function anchor(bytes32 root, uint32 size, uint64 fence) external {
        Account account = _operating();
        uint32 member = account.member();
        uint64 current = _fences[msg.sender];
        if (fence == 0 || fence != current) revert FenceStale(member, current, fence);
        mapping(bytes32 root => uint256) storage sizes = _sizes[member];
        uint256 recorded = sizes[root];
        if (recorded != 0) {
            if (recorded != size) revert SizeDiffers(root, uint32(recorded), size);
            return;
        }
        _requireActive(account);
        _requireRole(account, Roles.CERTIFICATION_BODY);
        if (root == 0) revert RootZero();
        if (size < MIN_SIZE || size > MAX_SIZE || size & (size - 1) != 0) revert SizeInvalid(size);
        sizes[root] = size;
        emit Anchored(member, root, size);
    }

    /// @inheritdoc IAnchors
    function disown(bytes32 root) external {
        uint32 member = _recovering();
        if (_sizes[member][root] == 0) revert AnchorUnknown(member, root);
        if (_disowned[member][root]) revert AlreadyDisowned(member, root);
        _disowned[member][root] = true;
        emit Disowned(member, root);
    }

    /// @inheritdoc IAnchors
    function fenceOf(uint32 member) external view returns (uint64) {
        return _fences[MEMBERS.get(member).operating];
    }

    /// @inheritdoc IAnchors
    function sizeOf(uint32 member, bytes32 root) external view returns (uint32) {
        return uint32(_sizes[member][root]);
    }

    /// @inheritdoc IAnchors
    function isDisowned(uint32 member, bytes32 root) external view returns (bool) {
        return _disowned[member][root];
    }
}
