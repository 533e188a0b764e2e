// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A member's public endpoint: an origin, in the one way to write it
/// @dev The issuer's identifier is made of host and port alone, so these must be unique and there
///      is no path; lower case only, so that two spellings of one host cannot both be admitted.
///      No user part, query or fragment can be written in these characters.
library Endpoints {
    uint256 internal constant MAX_LENGTH = 200;
    bytes private constant HTTPS = "https://";
    bytes private constant HTTP_LOCALHOST = "http://localhost";

    /// @notice Is this `https://host[:port]` or `http://localhost[:port]`?
    function isWellFormed(bytes memory endpoint) internal pure returns (bool) {
        if (endpoint.length > MAX_LENGTH) return false;
        if (_startsWith(endpoint, HTTP_LOCALHOST)) {
            return _isPort(endpoint, HTTP_LOCALHOST.length);
        }
        if (!_startsWith(endpoint, HTTPS)) return false;
        uint256 end = HTTPS.length;
        while (end < endpoint.length && endpoint[end] != ":") end++;
        return _isHost(endpoint, HTTPS.length, end) && _isPort(endpoint, end);
    }

    /// @notice Hash of host and port, which is what must be unique. The endpoint is well formed.
    function authorityHash(bytes memory endpoint) internal pure returns (bytes32) {
        uint256 start = endpoint[4] == "s" ? 8 : 7;
        bytes memory authority = new bytes(endpoint.length - start);
        for (uint256 i = 0; i < authority.length; i++) {
            authority[i] = endpoint[start + i];
        }
        return keccak256(authority);
    }

    /// @dev Labels of `[a-z0-9-]` separated by single dots, none empty or edged by a hyphen.
    function _isHost(bytes memory text, uint256 start, uint256 end) private pure returns (bool) {
        bytes1 previous = ".";
        for (uint256 i = start; i < end; i++) {
            bytes1 c = text[i];
            bool isSeparator = c == "." || c == "-";
            if (!isSeparator && !_isDigit(c) && !(c >= "a" && c <= "z")) return false;
            if (c == "." && (previous == "." || previous == "-")) return false;
            if (c == "-" && previous == ".") return false;
            previous = c;
        }
        return previous != "." && previous != "-";
    }

    /// @dev Nothing, or a colon and a port from 1 to 65535 without leading zeros.
    function _isPort(bytes memory text, uint256 start) private pure returns (bool) {
        if (start == text.length) return true;
        uint256 digits = text.length - start - 1;
        if (text[start] != ":" || digits == 0 || digits > 5 || text[start + 1] == "0") {
            return false;
        }
        uint256 port = 0;
        for (uint256 i = start + 1; i < text.length; i++) {
            if (!_isDigit(text[i])) return false;
            port = port * 10 + uint8(text[i]) - 48;
        }
        return port <= 65_535;
    }

    function _isDigit(bytes1 c) private pure returns (bool) {
        return c >= "0" && c <= "9";
    }

    function _startsWith(bytes memory text, bytes memory prefix) private pure returns (bool) {
        if (text.length < prefix.length) return false;
        for (uint256 i = 0; i < prefix.length; i++) {
            if (text[i] != prefix[i]) return false;
        }
        return true;
    }
}
