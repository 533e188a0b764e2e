// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accreditations} from "../src/Accreditations.sol";
import {Anchors} from "../src/Anchors.sol";
import {Arrangements} from "../src/Arrangements.sol";
import {Directory} from "../src/Directory.sol";
import {Keys} from "../src/Keys.sol";
import {Members} from "../src/Members.sol";
import {Notices} from "../src/Notices.sol";
import {Statuses} from "../src/Statuses.sol";
import {Admission} from "../src/interfaces/IMembers.sol";
import {FirstKey} from "../src/interfaces/IKeys.sol";
import {ForgeTest} from "./Vm.sol";

/// @title A whole ledger with four founding members of three economies
/// @notice 1 CN certification body, 2 DE certification body, 3 BR certification and accreditation
///         body, 4 BR authority; then 5, an observer from FR.
abstract contract LedgerTest is ForgeTest {
    uint8 internal constant ADMIT = 1;
    uint8 internal constant SUSPEND = 2;
    uint8 internal constant RESTORE = 3;
    uint8 internal constant EXPEL = 4;
    uint8 internal constant RECOVERY_ACCOUNT = 5;
    uint8 internal constant PARAMETER = 6;
    uint8 internal constant CODE = 7;
    uint8 internal constant SEAT = 8;

    uint32 internal constant CN = 1;
    uint32 internal constant DE = 2;
    uint32 internal constant BR = 3;
    uint32 internal constant BR_AUTHORITY = 4;
    uint32 internal constant OBSERVER = 5;

    uint64 internal constant START = 1_800_000_000;
    address internal constant STRANGER = address(0xbad);

    Directory internal directory;
    Members internal members;
    Keys internal keys;
    Anchors internal anchors;
    Statuses internal statuses;
    Accreditations internal accreditations;
    Arrangements internal arrangements;
    Notices internal notices;

    function setUp() public virtual {
        vm.warp(START);
        _deploy();
        _found("CN", 1);
        _found("DE", 1);
        _found("BR", 3);
        _found("BR", 4);
        _found("FR", 8);
        directory.open();
    }

    function _deploy() internal {
        directory = new Directory();
        members = new Members(directory);
        keys = new Keys(members);
        anchors = new Anchors(members);
        statuses = new Statuses(members);
        accreditations = new Accreditations(members);
        arrangements = new Arrangements(members);
        notices = new Notices(members);
        directory.set("members", address(members));
        directory.set("keys", address(keys));
        directory.set("anchors", address(anchors));
        directory.set("statuses", address(statuses));
        directory.set("accreditations", address(accreditations));
        directory.set("arrangements", address(arrangements));
        directory.set("notices", address(notices));
        directory.setParameter("finality_depth", 0);
    }

    function _found(string memory economy, uint8 roles) internal returns (uint32) {
        return members.found(_admission(members.count() + 1, economy, roles));
    }

    /// @dev What the member with this number would be admitted with.
    function _admission(uint32 number, string memory economy, uint8 roles)
        internal
        pure
        returns (Admission memory)
    {
        FirstKey[] memory first = new FirstKey[](1);
        first[0] = FirstKey(1, _jwk(uint8(number)), "");
        return Admission({
            names: '{"en":"A body"}',
            economy: economy,
            roles: roles,
            endpoint: _endpoint(number),
            operating: _operating(number),
            recovery: _recovery(number),
            keys: first
        });
    }

    function _endpoint(uint32 number) internal pure returns (string memory) {
        bytes memory endpoint = "https://body-0000.example";
        for (uint256 i = 16; i > 12; i--) {
            endpoint[i] = bytes1(uint8(48 + number % 10));
            number /= 10;
        }
        return string(endpoint);
    }

    function _operating(uint32 number) internal pure returns (address) {
        return address(uint160(0x1000) + number);
    }

    function _recovery(uint32 number) internal pure returns (address) {
        return address(uint160(0x2000) + number);
    }

    function _fresh(uint32 number) internal pure returns (address) {
        return address(uint160(0x3000) + number);
    }

    /// @dev The shape of a canonical JWK, different for each letter.
    function _jwk(uint8 letter) internal pure returns (bytes memory key) {
        key = '{"crv":"P-256","kty":"EC","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",'
            '"y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}';
        key[40] = bytes1(65 + letter % 26);
        key[41] = bytes1(65 + letter / 26 % 26);
    }

    function _as(uint32 member) internal {
        vm.prank(members.get(member).operating);
    }

    function _asRecovery(uint32 member) internal {
        vm.prank(members.get(member).recovery);
    }

    function _propose(uint32 member, uint8 kind, uint32 subject, bytes memory payload)
        internal
        returns (uint256)
    {
        _as(member);
        return members.propose(kind, subject, payload);
    }

    function _vote(uint32 member, uint256 proposal, bool yes) internal {
        _as(member);
        members.vote(proposal, yes);
    }

    /// @dev Proposes, lets every member that may vote say yes, and executes.
    function _decide(uint8 kind, uint32 subject, bytes memory payload) internal {
        uint256 proposal = 0;
        for (uint32 member = 1; member <= members.count(); member++) {
            if (member == subject || member == OBSERVER || !members.isActive(member)) continue;
            if (proposal == 0) proposal = _propose(member, kind, subject, payload);
            else _vote(member, proposal, true);
        }
        members.execute(proposal);
    }

    function _suspend(uint32 member) internal {
        _decide(SUSPEND, member, abi.encode(uint16(7)));
    }

    function _freeze(uint32 member) internal {
        _asRecovery(member);
        members.freeze();
    }
}
