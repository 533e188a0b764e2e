// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Declaration} from "../src/interfaces/IStatuses.sol";
import {StatusesTestBase} from "./StatusesTestBase.sol";

/// @notice What each call costs as a transaction of its own, compared with `snapshots/`.
/// forge-config: default.isolate = true
contract GasTest is StatusesTestBase {
    string private constant GROUP = "Gas";

    function test_gas_of_the_daily_calls() public {
        vm.prank(_operating(CN));
        anchors.claim(1);
        vm.snapshotGasLastCall(GROUP, "claim");
        vm.prank(_operating(CN));
        anchors.anchor(keccak256("first"), 1024, 1);
        vm.snapshotGasLastCall(GROUP, "anchor");
        vm.prank(_operating(CN));
        anchors.anchor(keccak256("first"), 1024, 1);
        vm.snapshotGasLastCall(GROUP, "anchor again");
        _declare(CN, _at(keccak256("slot"), SUSPENDED));
        vm.snapshotGasLastCall(GROUP, "declare");
        _declare(CN, _at(keccak256("slot"), WITHDRAWN));
        vm.snapshotGasLastCall(GROUP, "declare, second event");
        Declaration[] memory many = new Declaration[](100);
        for (uint256 i = 0; i < 100; i++) {
            many[i] = _at(keccak256(abi.encode(i)), WITHDRAWN);
        }
        vm.prank(_operating(CN));
        statuses.declareMany(many);
        vm.snapshotGasLastCall(GROUP, "declareMany, 100");
        vm.prank(_operating(CN));
        keys.add(1, _jwk(20), "");
        vm.snapshotGasLastCall(GROUP, "add key");
    }

    function test_gas_of_recovery() public {
        vm.prank(_operating(CN));
        anchors.claim(1);
        vm.prank(_operating(CN));
        anchors.anchor(keccak256("first"), 1024, 1);
        _declare(CN, _declaration(SUSPENDED));
        vm.prank(_recovery(CN));
        anchors.disown(keccak256("first"));
        vm.snapshotGasLastCall(GROUP, "disown");
        _annul(CN, SLOT, 0);
        vm.snapshotGasLastCall(GROUP, "annul");
        vm.prank(_recovery(CN));
        members.freeze();
        vm.snapshotGasLastCall(GROUP, "freeze");
        vm.prank(_recovery(CN));
        members.recoverOperating(_fresh(CN));
        vm.snapshotGasLastCall(GROUP, "recoverOperating");
    }

    function test_gas_of_a_vote() public {
        bytes memory payload = abi.encode(_admission(6, "US", 1));
        vm.prank(_operating(CN));
        members.propose(ADMIT, 0, payload);
        vm.snapshotGasLastCall(GROUP, "propose admission");
        vm.prank(_operating(DE));
        members.vote(1, true);
        vm.snapshotGasLastCall(GROUP, "vote");
        vm.prank(_operating(BR));
        members.vote(1, true);
        members.execute(1);
        vm.snapshotGasLastCall(GROUP, "execute admission");
    }
}
