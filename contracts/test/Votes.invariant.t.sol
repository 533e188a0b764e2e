// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Members} from "../src/Members.sol";
import {IMembers, Member} from "../src/interfaces/IMembers.sol";
import {Standing} from "../src/types/Account.sol";
import {LedgerTest} from "./LedgerTest.sol";
import {Cheats} from "./Vm.sol";

/// @notice Proposes, votes, freezes and executes at random, and counts every vote itself.
contract VotesHandler is Cheats {
    struct Book {
        uint32 subject;
        uint64 madeAt;
        uint256 executions;
        mapping(uint32 member => uint256) casts;
        mapping(uint32 member => bool) yes;
    }

    Members private immutable MEMBERS;
    uint64 private _now;
    mapping(uint256 proposal => Book) private _books;

    uint256 public wronglyExecuted;
    uint256 public wronglyRefused;
    uint256 public executedTwice;
    uint256 public votedTwice;

    constructor(Members members, uint64 start) {
        MEMBERS = members;
        _now = start;
    }

    function propose(uint32 seed, uint32 subjectSeed, uint8 kind) external {
        uint32 member = _member(seed);
        uint32 subject = _member(subjectSeed);
        bytes memory payload = abi.encode(uint16(1));
        kind = uint8(_bound(kind, 2, 6));
        if (kind == 3) payload = "";
        // a parameter instead of an expulsion, or there would be nobody left to vote
        if (kind == 4 || kind == 6) {
            (kind, subject, payload) = (6, 0, abi.encode(bytes32("x"), uint256(seed)));
        }
        if (kind == 5) {
            payload = abi.encode(address(uint160(uint256(keccak256(abi.encode(seed))))));
        }
        vm.prank(MEMBERS.get(member).operating);
        try MEMBERS.propose(kind, subject, payload) returns (uint256 proposal) {
            Book storage book = _books[proposal];
            (book.subject, book.madeAt) = (subject, _now);
            _record(book, member, true);
        } catch {}
    }

    function vote(uint32 seed, uint256 proposalSeed, uint8 no) external {
        _vote(_member(seed), _proposal(proposalSeed), no % 4 != 0);
    }

    /// @notice Everybody of one economy says yes, which must not be enough alone.
    function voteTogether(uint32 seed, uint256 proposalSeed) external {
        bytes2 economy = MEMBERS.get(_member(seed)).economy;
        for (uint32 member = 1; member <= MEMBERS.count(); member++) {
            if (MEMBERS.get(member).economy == economy) {
                _vote(member, _proposal(proposalSeed), true);
            }
        }
    }

    function _vote(uint32 member, uint256 proposal, bool yes) private {
        vm.prank(MEMBERS.get(member).operating);
        try MEMBERS.vote(proposal, yes) {
            _record(_books[proposal], member, yes);
        } catch {}
    }

    function execute(uint256 proposalSeed) external {
        uint256 proposal = _proposal(proposalSeed);
        Book storage book = _books[proposal];
        bool passes = _passes(book) && _now <= book.madeAt + 90 days;
        try MEMBERS.execute(proposal) {
            if (!passes) wronglyExecuted++;
            if (++book.executions > 1) executedTwice++;
        } catch (bytes memory reason) {
            if (passes && bytes4(reason) == IMembers.NotPassed.selector) wronglyRefused++;
        }
    }

    function freezeOrThaw(uint32 seed) external {
        uint32 member = _member(seed);
        bool frozen = MEMBERS.get(member).frozen;
        if (!frozen && seed % 3 != 0) return; // or there would be nobody left to vote
        vm.prank(MEMBERS.get(member).recovery);
        if (frozen) MEMBERS.thaw();
        else MEMBERS.freeze();
    }

    function wait_(uint256 seconds_) external {
        _now += uint64(_bound(seconds_, 1, 10 days));
        vm.warp(_now);
    }

    function _record(Book storage book, uint32 member, bool yes) private {
        if (++book.casts[member] > 1) votedTwice++;
        book.yes[member] = yes;
    }

    /// @dev The rule once more, in plain words and quadratic time.
    function _passes(Book storage book) private view returns (bool) {
        uint32 count = MEMBERS.count();
        uint256 voters = 0;
        uint256 yes = 0;
        uint256 economies = 0;
        uint256 yesEconomies = 0;
        for (uint32 member = 1; member <= count; member++) {
            if (!_mayVote(book, member)) continue;
            voters++;
            if (book.yes[member]) yes++;
            bool isFirst = true;
            bool anyYes = book.yes[member];
            for (uint32 other = 1; other <= count; other++) {
                if (other == member || !_mayVote(book, other)) continue;
                if (MEMBERS.get(other).economy != MEMBERS.get(member).economy) continue;
                if (other < member) isFirst = false;
                if (book.yes[other]) anyYes = true;
            }
            if (isFirst) economies++;
            if (isFirst && anyYes) yesEconomies++;
        }
        return yes * 3 > voters * 2 && yesEconomies * 2 > economies;
    }

    function _mayVote(Book storage book, uint32 id) private view returns (bool) {
        Member memory member = MEMBERS.get(id);
        return id != book.subject && member.standing == Standing.Active && !member.frozen
            && member.roles != 8;
    }

    function _member(uint32 seed) private view returns (uint32) {
        return 1 + seed % MEMBERS.count();
    }

    function _proposal(uint256 seed) private view returns (uint256) {
        uint256 count = MEMBERS.proposalCount();
        return count == 0 ? 1 : 1 + (count - 1) - seed % (count < 3 ? count : 3);
    }
}

contract VotesInvariantTest is LedgerTest {
    VotesHandler private _handler;

    function setUp() public override {
        vm.warp(START);
        _deploy();
        string[6] memory economies = ["CN", "BR", "BR", "BR", "BR", "FR"];
        for (uint256 i = 0; i < economies.length; i++) {
            _found(economies[i], i == 5 ? 8 : 1);
        }
        directory.open();
        _handler = new VotesHandler(members, START);
        _target(address(_handler));
    }

    /// @notice Nothing passes without both majorities, everything does with them, and once.
    function invariant_no_vote_passes_without_both_majorities() public view {
        vm.assertEq(_handler.wronglyExecuted(), 0, "executed without majorities");
        vm.assertEq(_handler.wronglyRefused(), 0, "refused with majorities");
        vm.assertEq(_handler.votedTwice(), 0, "voted twice");
        vm.assertEq(_handler.executedTwice(), 0, "executed twice");
    }

    /// @notice The handler does reach executions.
    function test_handler_reaches_execution() public {
        _handler.propose(0, 1, 4); // a parameter
        for (uint32 member = 1; member < 5; member++) {
            _handler.vote(member, 0, 1);
        }
        _handler.execute(0);
        vm.assertEq(directory.parameter("x"), 0);
        vm.assertTrue(uint8(members.proposalState(1).state) == 2, "executed");
    }
}
