// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accreditation} from "../src/interfaces/IAccreditations.sol";
import {LedgerTest} from "./LedgerTest.sol";

/// @title Accreditations in their shortest valid form: by BR, of CN
abstract contract AccreditationsTestBase is LedgerTest {
    uint8 internal constant GRANT = 1;
    uint8 internal constant REDUCE = 2;
    uint8 internal constant SUSPEND_IT = 3;
    uint8 internal constant RESTORE_IT = 4;
    uint8 internal constant WITHDRAW = 5;
    bytes32 internal constant MSC = "MSC";

    function _accreditation(uint8 action) internal pure returns (Accreditation memory) {
        return Accreditation({
            certificationBody: CN,
            scope: MSC,
            action: action,
            reason: 7,
            coverage: action == GRANT || action == REDUCE ? '{"ISO 9001":"all"}' : "",
            effectiveAt: START,
            until: 0
        });
    }

    function _declare(uint32 member, Accreditation memory accreditation) internal {
        vm.prank(_operating(member));
        accreditations.declare(accreditation);
    }

    function _declare(uint8 action) internal {
        _declare(BR, _accreditation(action));
    }
}
