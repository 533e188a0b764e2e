// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Economies} from "../src/libraries/Economies.sol";
import {Endpoints} from "../src/libraries/Endpoints.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {ForgeTest} from "./Vm.sol";

contract EndpointsTest is ForgeTest {
    using Economies for Economies.Set;

    function test_accepts_origins() public pure {
        string[9] memory good = [
            "https://a",
            "https://body.example",
            "https://a-b.xn--fiqs8s",
            "https://body.example:1",
            "https://body.example:65535",
            "https://192.0.2.7:8443",
            "http://localhost",
            "http://localhost:8101",
            "https://localhost:8101"
        ];
        for (uint256 i = 0; i < good.length; i++) {
            vm.assertTrue(Endpoints.isWellFormed(bytes(good[i])), good[i]);
        }
    }

    function test_refuses_everything_else() public pure {
        string[30] memory bad = [
            "",
            "https://",
            "https:/a",
            "http://body.example",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "http://localhost/",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:08101",
            "https://body.example/",
            "https://body.example/path",
            "https://Body.example",
            "HTTPS://body.example",
            "https://body.example:65536",
            "https://body.example:123456",
            "https://body.example:80a",
            "https://body.example:80:80",
            "https://:443",
            "https://.example",
            "https://body..example",
            "https://body.example.",
            "https://-body.example",
            "https://body-.example",
            "https://body.example-",
            "https://user@body.example",
            "https://body.example?x",
            "https://body.example#x",
            "https://[2001:db8::1]",
            unicode"https://кörper.example"
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.assertFalse(Endpoints.isWellFormed(bytes(bad[i])), bad[i]);
        }
    }

    function test_is_at_most_200_bytes() public pure {
        bytes memory endpoint = new bytes(201);
        bytes memory scheme = "https://";
        for (uint256 i = 0; i < 201; i++) {
            endpoint[i] = i < 8 ? scheme[i] : bytes1("a");
        }
        vm.assertFalse(Endpoints.isWellFormed(endpoint), "201 bytes");
        bytes memory shorter = new bytes(200);
        for (uint256 i = 0; i < 200; i++) {
            shorter[i] = endpoint[i];
        }
        vm.assertTrue(Endpoints.isWellFormed(shorter), "200 bytes");
    }

    function test_one_host_and_port_is_one_issuer() public pure {
        vm.assertEq(Endpoints.authorityHash("http://localhost:8101"), keccak256("localhost:8101"));
        vm.assertEq(Endpoints.authorityHash("https://localhost:8101"), keccak256("localhost:8101"));
    }

    /// @dev Whatever is accepted holds only characters that mean nothing but a host and a port.
    function testFuzz_accepts_no_other_character(bytes32 seed, uint8 place, bytes1 letter)
        public
        pure
    {
        bytes memory endpoint = "https://abcdefgh.example";
        for (uint256 i = 8; i < 16; i++) {
            endpoint[i] = bytes1(97 + uint8(seed[i]) % 26);
        }
        endpoint[8 + place % 16] = letter;
        if (!Endpoints.isWellFormed(endpoint)) return;
        bool plain = (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9");
        vm.assertTrue(plain || letter == "." || letter == "-" || letter == ":", "character");
    }

    function testFuzz_economies_are_counted_once_each(bytes1[8] memory letters) public pure {
        Economies.Set memory set;
        uint256 distinct = 0;
        bytes2[4] memory seen;
        for (uint256 i = 0; i < 4; i++) {
            bytes1 first = bytes1(65 + uint8(letters[2 * i]) % 26);
            bytes1 second = bytes1(65 + uint8(letters[2 * i + 1]) % 3);
            seen[i] = bytes2(abi.encodePacked(first, second));
            bool isNew = true;
            for (uint256 j = 0; j < i; j++) {
                if (seen[j] == seen[i]) isNew = false;
            }
            if (isNew) distinct++;
            set.add(seen[i]);
        }
        vm.assertEq(set.size, distinct);
    }

    function test_every_economy_has_its_own_bit() public pure {
        Economies.Set memory set;
        for (uint8 first = 65; first <= 90; first++) {
            for (uint8 second = 65; second <= 90; second++) {
                set.add(bytes2(abi.encodePacked(bytes1(first), bytes1(second))));
            }
        }
        vm.assertEq(set.size, 676);
    }

    function test_roles() public pure {
        for (uint256 roles = 0; roles < 256; roles++) {
            bool valid = roles == 8 || (roles >= 1 && roles <= 7);
            vm.assertEq(Roles.areValid(uint8(roles)) ? 1 : 0, valid ? 1 : 0);
        }
    }
}
