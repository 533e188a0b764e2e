// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The cheatcodes of forge that our tests use, and nothing else
/// @dev Written out here because forge-std has no release of its own on npm.
interface Vm {
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function etch(address target, bytes calldata code) external;
    function assume(bool condition) external pure;

    function expectRevert(bytes calldata reason) external;
    function expectRevert(bytes4 reason) external;
    function expectEmit(address emitter) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);

    function snapshotGasLastCall(string calldata group, string calldata name)
        external
        returns (uint256);
    function snapshotValue(string calldata group, string calldata name, uint256 value) external;

    function assertTrue(bool condition, string calldata claim) external pure;
    function assertFalse(bool condition, string calldata claim) external pure;
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata claim) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
}

struct Log {
    bytes32[] topics;
    bytes data;
    address emitter;
}

/// @title The cheatcodes, and choosing within bounds
abstract contract Cheats {
    /// @dev forge's fixed address: keccak256("hevm cheat code"), last 20 bytes.
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function _bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + value % (high - low + 1);
    }
}

/// @title What forge looks for in a test contract
abstract contract ForgeTest is Cheats {
    bool public constant IS_TEST = true;

    address[] private _targets;

    /// @notice The contracts that an invariant run calls at random.
    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    /// @dev Asks forge only about a difference: an invariant compares thousands of times.
    function _same(uint256 left, uint256 right, string memory what) internal pure {
        if (left != right) vm.assertEq(left, right, what);
    }

    function _target(address handler) internal {
        _targets.push(handler);
    }
}
