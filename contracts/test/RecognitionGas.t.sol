// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Notice} from "../src/interfaces/INotices.sol";
import {AccreditationsTestBase} from "./AccreditationsTestBase.sol";

/// @notice What recognition costs as transactions of their own, compared with `snapshots/`.
/// forge-config: default.isolate = true
contract RecognitionGasTest is AccreditationsTestBase {
    string private constant GROUP = "Gas";

    function test_gas_of_accreditations() public {
        _declare(GRANT);
        vm.snapshotGasLastCall(GROUP, "grant accreditation");
        _declare(SUSPEND_IT);
        vm.snapshotGasLastCall(GROUP, "suspend accreditation");
    }

    function test_gas_of_arrangements() public {
        uint32[] memory parties = new uint32[](2);
        (parties[0], parties[1]) = (CN, DE);
        vm.prank(_operating(BR), _operating(BR));
        arrangements.make(7, parties, new bytes(1024));
        vm.snapshotGasLastCall(GROUP, "make arrangement, 1 KiB");
        vm.prank(_operating(CN));
        arrangements.accept(1, MSC, START);
        vm.snapshotGasLastCall(GROUP, "accept arrangement");
    }

    function test_gas_of_notices() public {
        bytes memory text = new bytes(24_576);
        for (uint256 i = 0; i < text.length; i++) {
            text[i] = "x";
        }
        vm.prank(_operating(CN), _operating(CN));
        notices.publish(Notice(2, 0, 0, 0), text);
        vm.snapshotGasLastCall(GROUP, "publish notice, 24 KiB");
    }
}
