// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, Standing} from "../types/Account.sol";
import {IAccounts} from "./IAccounts.sol";
import {FirstKey} from "./IKeys.sol";

/// @notice Where a proposal stands. A proposal is never rejected: it runs out of time.
enum ProposalState {
    None,
    Open,
    Executed,
    Expired
}

/// @notice Everything an admission needs.
/// @param names JSON object from language tag to name, 1 to 1,024 bytes; not parsed here
/// @param economy two capital letters
/// @param roles bitmask of `Roles`
/// @param endpoint `https://host[:port]` or `http://localhost[:port]`, lower case, to 200 bytes
/// @param operating account that anchors and declares
/// @param recovery account kept cold that can undo
/// @param keys at most 8 first keys
struct Admission {
    string names;
    string economy;
    uint8 roles;
    string endpoint;
    address operating;
    address recovery;
    FirstKey[] keys;
}

/// @notice What the contract keeps about a member; names and endpoint are in the admission event.
struct Member {
    address operating;
    address recovery;
    bytes2 economy;
    uint8 roles;
    Standing standing;
    bool frozen;
}

/// @notice A proposal and its count at this moment.
struct Tally {
    ProposalState state;
    uint8 kind;
    uint32 subject;
    uint64 expiresAt;
    uint256 yes;
    uint256 eligible;
    uint256 yesEconomies;
    uint256 eligibleEconomies;
    bool passes;
}

/// @title The members of the ledger, their two accounts, and their votes
/// @notice A member has exactly one operating and one recovery account at a time. An address once
///         used by a member, in either place, can never be used again by anyone.
///
///         Votes: every active member that is not an observer and not frozen votes, except the
///         subject. A proposal passes with over two thirds of the votes *and* over half of the
///         voters' economies, counted when it is executed, over the members that may vote then.
///         A vote cannot be changed. A proposal expires 90 days after it was made.
///
///         Kinds and their payloads (`abi.encode` of the arguments, exact length; subject 0 unless
///         stated): 1 admit `(Admission)`; 2 suspend the subject `(uint16 reason)`; 3 restore the
///         subject, empty; 4 expel the subject `(uint16 reason)`; 5 give the subject a new recovery
///         account `(address)`; 6 set a parameter `(bytes32 name, uint256 value)`; 7 set a
///         contract of the directory `(bytes32 name, address at)`; 8 give the subject a cosigner's
///         seat, or take it, `(uint256 1 or 0)`. There are at most 15 seats. Suspension and
///         expulsion do not take a seat: the set changes by vote alone.
/// @dev Caveat: a new account does not have to agree. A member can therefore use up an address that
///      another one is about to use, at the price of its own account and in public: the other then
///      takes a fresh address.
interface IMembers is IAccounts {
    /// @notice A member joined. Its history starts here.
    event MemberAdmitted(
        uint32 indexed member,
        string names,
        string economy,
        uint8 roles,
        string endpoint,
        address operating,
        address recovery
    );

    /// @notice The member was suspended by vote.
    event MemberSuspended(uint32 indexed member, uint16 reason);

    /// @notice The member's suspension was lifted by vote.
    event MemberRestored(uint32 indexed member);

    /// @notice The member was expelled by vote, for ever.
    event MemberExpelled(uint32 indexed member, uint16 reason);

    /// @notice The member's recovery account stopped its operating account.
    event MemberFrozen(uint32 indexed member);

    /// @notice The member's recovery account let its operating account act again.
    event MemberThawed(uint32 indexed member);

    /// @notice The member's operating account changed, by itself or by recovery.
    event OperatingAccountChanged(
        uint32 indexed member, address previous, address current, bool byRecovery
    );

    /// @notice The member's recovery account was changed by vote.
    event RecoveryAccountChanged(uint32 indexed member, address previous, address current);

    /// @notice The member became a cosigner, by vote.
    event SeatGiven(uint32 indexed member);

    /// @notice The member is a cosigner no more, by vote.
    event SeatTaken(uint32 indexed member);

    /// @notice A proposal was made. The proposer's own yes follows as {Voted}.
    event Proposed(
        uint256 indexed proposal, uint8 kind, uint32 indexed subject, uint32 proposer, bytes payload
    );

    /// @notice A member voted.
    event Voted(uint256 indexed proposal, uint32 indexed member, bool yes);

    /// @notice A proposal passed and was carried out; the events of the action follow.
    event Executed(uint256 indexed proposal);

    /// @notice Only the deployer founds members, and only before the ledger opens.
    error NotFounding(address caller);

    /// @notice Proposals start when the ledger is open.
    error NotOpen();

    /// @notice This address is, or once was, an account of a member.
    error AddressUsed(address account);

    /// @notice Names are 1 to 1,024 bytes.
    error NamesLength(uint256 length, uint256 limit);

    /// @notice An economy is two capital letters.
    error EconomyMalformed(string economy);

    /// @notice Roles are 1, 2, 4 in any sum, or 8 alone.
    error RolesInvalid(uint8 roles);

    /// @notice The endpoint is not `https://host[:port]` or `http://localhost[:port]`.
    error EndpointMalformed(string endpoint);

    /// @notice Another member has, or had, this host and port: they name the issuer.
    error EndpointUsed(string endpoint);

    /// @notice Too many first keys.
    error TooManyKeys(uint256 count, uint256 limit);

    /// @notice The ledger is full.
    error TooManyMembers(uint256 limit);

    /// @notice The member's standing does not allow this step.
    error StandingForbids(uint32 member, Standing standing);

    /// @notice The member is not frozen.
    error NotFrozen(uint32 member);

    /// @notice Only a member that votes now takes a seat.
    error CannotBeSeated(uint32 member);

    /// @notice The member has a seat already, or has none to take.
    error SeatUnchanged(uint32 member, bool seated);

    /// @notice Every seat is taken.
    error TooManySeats(uint256 limit);

    /// @notice There is no such kind of proposal.
    error KindUnknown(uint8 kind);

    /// @notice The payload is not the exact encoding of this kind's arguments.
    error PayloadMalformed(uint8 kind);

    /// @notice Kinds without a subject take 0.
    error SubjectUnexpected(uint8 kind, uint32 subject);

    /// @notice No proposal has this number.
    error ProposalUnknown(uint256 proposal);

    /// @notice The proposal has been carried out.
    error ProposalExecuted(uint256 proposal);

    /// @notice The proposal ran out of time.
    error ProposalExpired(uint256 proposal, uint64 expiredAt);

    /// @notice Observers do not vote.
    error ObserverCannotVote(uint32 member);

    /// @notice The subject neither proposes nor votes.
    error SubjectCannotVote(uint32 member);

    /// @notice The member has voted; a vote stays.
    error AlreadyVoted(uint256 proposal, uint32 member);

    /// @notice Not over two thirds of the votes, or not over half of the economies.
    error NotPassed(
        uint256 proposal,
        uint256 yes,
        uint256 eligible,
        uint256 yesEconomies,
        uint256 eligibleEconomies
    );

    /// @notice Admits a founding member without a vote.
    /// @dev Deployer, before opening. Reverts with {NotFounding} or an admission error.
    function found(Admission calldata admission) external returns (uint32 member);

    /// @notice Makes a proposal and casts the proposer's yes.
    /// @dev Operating account of a voter. The payload is checked now and again on execution.
    function propose(uint8 kind, uint32 subject, bytes calldata payload)
        external
        returns (uint256 proposal);

    /// @notice Casts a vote, once.
    function vote(uint256 proposal, bool yes) external;

    /// @notice Carries out a proposal that passes now. Anyone may call this.
    /// @dev Reverts with {NotPassed}, or with the action's own error if it is impossible by now.
    function execute(uint256 proposal) external;

    /// @notice The operating account passes its place on to `current`.
    function replaceOperating(address current) external;

    /// @notice The recovery account replaces the operating account, frozen or not.
    function recoverOperating(address current) external;

    /// @notice The recovery account stops the operating account.
    function freeze() external;

    /// @notice The recovery account lets the operating account act again.
    function thaw() external;

    /// @notice The member whose operating account this is, or 0.
    function memberOf(address operating) external view returns (uint32);

    /// @notice The member whose recovery account this is, or 0.
    function memberOfRecovery(address recovery) external view returns (uint32);

    /// @notice Whom an operating account speaks for, in one word; zero for a stranger.
    function accountOf(address operating) external view returns (Account);

    /// @notice What is kept about a member. Reverts with {MemberUnknown}.
    function get(uint32 member) external view returns (Member memory);

    /// @notice How many members were ever admitted; ids run from 1 to this.
    function count() external view returns (uint32);

    /// @notice Is the member neither suspended nor expelled nor frozen?
    function isActive(uint32 member) external view returns (bool);

    /// @notice Is the member a cosigner?
    function isSeated(uint32 member) external view returns (bool);

    /// @notice How many cosigners there are.
    function seatCount() external view returns (uint32);

    /// @notice How many members may vote now.
    function voterCount() external view returns (uint256);

    /// @notice How many proposals were ever made; numbers run from 1 to this.
    function proposalCount() external view returns (uint256);

    /// @notice A proposal's state and its count at this moment.
    function proposalState(uint256 proposal) external view returns (Tally memory);

    /// @notice Decodes the payload of an admission.
    function decodeAdmission(bytes calldata payload) external pure returns (Admission memory);
}
