// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {MemberTable} from "./MemberTable.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IKeys} from "./interfaces/IKeys.sol";
import {Admission, IMembers, ProposalState, Tally} from "./interfaces/IMembers.sol";
import {Economies} from "./libraries/Economies.sol";
import {Names} from "./libraries/Names.sol";
import {Payloads} from "./libraries/Payloads.sol";
import {Standing} from "./types/Account.sol";

/// @title The votes of the members; see {IMembers}
contract Members is MemberTable {
    using Economies for Economies.Set;
    using SafeCast for uint256;

    enum Ballot {
        None,
        Yes,
        No
    }

    struct Proposal {
        uint8 kind;
        uint32 subject;
        uint64 expiresAt;
        bool executed;
        bytes payload;
        mapping(uint32 member => Ballot) ballots;
    }

    uint8 private constant ADMIT = 1;
    uint8 private constant SUSPEND = 2;
    uint8 private constant RESTORE = 3;
    uint8 private constant EXPEL = 4;
    uint8 private constant RECOVERY_ACCOUNT = 5;
    uint8 private constant PARAMETER = 6;
    uint8 private constant CODE = 7;
    uint8 private constant SEAT = 8;
    uint256 private constant LIFETIME = 90 days;

    IDirectory private immutable DIRECTORY;

    uint256 private _proposalCount;
    mapping(uint256 proposal => Proposal) private _proposals;

    constructor(IDirectory directory) {
        if (address(directory) == address(0)) revert ZeroAddress();
        DIRECTORY = directory;
    }

    /// @inheritdoc IMembers
    function found(Admission calldata admission) external returns (uint32 member) {
        if (DIRECTORY.opened() || msg.sender != DIRECTORY.deployer()) {
            revert NotFounding(msg.sender);
        }
        return _admit(admission);
    }

    /// @inheritdoc IMembers
    function propose(uint8 kind, uint32 subject, bytes calldata payload)
        external
        returns (uint256 proposal)
    {
        if (!DIRECTORY.opened()) revert NotOpen();
        uint32 member = _votingMember(subject);
        _requirePossible(kind, subject, payload);
        proposal = ++_proposalCount;
        Proposal storage record = _proposals[proposal];
        record.kind = kind;
        record.subject = subject;
        record.expiresAt = (block.timestamp + LIFETIME).toUint64();
        record.payload = payload;
        emit Proposed(proposal, kind, subject, member, payload);
        _cast(proposal, record, member, true);
    }

    /// @inheritdoc IMembers
    function vote(uint256 proposal, bool yes) external {
        Proposal storage record = _pending(proposal);
        _cast(proposal, record, _votingMember(record.subject), yes);
    }

    /// @inheritdoc IMembers
    function execute(uint256 proposal) external {
        Proposal storage record = _pending(proposal);
        Tally memory tally = _tally(record);
        if (!tally.passes) {
            revert NotPassed(
                proposal, tally.yes, tally.eligible, tally.yesEconomies, tally.eligibleEconomies
            );
        }
        record.executed = true;
        emit Executed(proposal);
        _carryOut(record.kind, record.subject, record.payload);
    }

    /// @inheritdoc IMembers
    function voterCount() external view returns (uint256 voters) {
        uint32 last = count();
        for (uint32 member = 1; member <= last; member++) {
            if (_isVoter(member)) voters++;
        }
    }

    /// @inheritdoc IMembers
    function proposalCount() external view returns (uint256) {
        return _proposalCount;
    }

    /// @inheritdoc IMembers
    function proposalState(uint256 proposal) external view returns (Tally memory tally) {
        Proposal storage record = _proposals[proposal];
        if (record.kind == 0) return tally;
        tally = _tally(record);
        tally.state = _stateOf(record);
        tally.kind = record.kind;
        tally.subject = record.subject;
        tally.expiresAt = record.expiresAt;
    }

    /// @inheritdoc IMembers
    function decodeAdmission(bytes calldata payload) external pure returns (Admission memory) {
        return abi.decode(payload, (Admission));
    }

    function _cast(uint256 proposal, Proposal storage record, uint32 member, bool yes) private {
        if (record.ballots[member] != Ballot.None) revert AlreadyVoted(proposal, member);
        record.ballots[member] = yes ? Ballot.Yes : Ballot.No;
        emit Voted(proposal, member, yes);
    }

    /// @dev Does the action itself, with every check it needs now, however long the vote took.
    function _carryOut(uint8 kind, uint32 subject, bytes memory payload) private {
        if (kind == ADMIT) {
            _admit(_admission(payload));
        } else if (kind == SUSPEND) {
            _suspend(subject, Payloads.reason(kind, payload));
        } else if (kind == RESTORE) {
            _restore(subject);
        } else if (kind == EXPEL) {
            _expel(subject, Payloads.reason(kind, payload));
        } else if (kind == RECOVERY_ACCOUNT) {
            _setRecovery(subject, Payloads.account(kind, payload));
        } else if (kind == PARAMETER) {
            (bytes32 name, uint256 value) = Payloads.pair(kind, payload);
            DIRECTORY.setParameter(name, value);
        } else if (kind == SEAT) {
            _seat(subject, Payloads.yes(kind, payload));
        } else {
            (bytes32 name, address code) = Payloads.namedContract(kind, payload);
            DIRECTORY.set(name, code);
        }
    }

    function _admit(Admission memory admission) private returns (uint32 member) {
        member = _enter(admission);
        _keys().addFirst(member, admission.keys);
    }

    /// @dev The caller's member, if it may vote on this subject.
    function _votingMember(uint32 subject) private view returns (uint32 member) {
        member = _operatingMember();
        if (!_isVoter(member)) {
            if (!_known(member).isActive()) revert MemberNotActive(member);
            revert ObserverCannotVote(member);
        }
        if (member == subject) revert SubjectCannotVote(member);
    }

    function _pending(uint256 proposal) private view returns (Proposal storage record) {
        record = _proposals[proposal];
        ProposalState state = _stateOf(record);
        if (state == ProposalState.None) revert ProposalUnknown(proposal);
        if (state == ProposalState.Executed) revert ProposalExecuted(proposal);
        if (state == ProposalState.Expired) revert ProposalExpired(proposal, record.expiresAt);
    }

    function _stateOf(Proposal storage record) private view returns (ProposalState) {
        if (record.kind == 0) return ProposalState.None;
        if (record.executed) return ProposalState.Executed;
        return block.timestamp > record.expiresAt ? ProposalState.Expired : ProposalState.Open;
    }

    /// @dev Counts over the members that may vote now: whoever lost its vote since is not counted.
    function _tally(Proposal storage record) private view returns (Tally memory tally) {
        Economies.Set memory all;
        Economies.Set memory inFavour;
        uint32 last = count();
        for (uint32 member = 1; member <= last; member++) {
            if (member == record.subject || !_isVoter(member)) continue;
            bytes2 economy = _economyOf(member);
            tally.eligible++;
            all.add(economy);
            if (record.ballots[member] != Ballot.Yes) continue;
            tally.yes++;
            inFavour.add(economy);
        }
        tally.yesEconomies = inFavour.size;
        tally.eligibleEconomies = all.size;
        tally.passes = 3 * tally.yes > 2 * tally.eligible && 2 * inFavour.size > all.size;
    }

    /// @dev Refuses a proposal that could not be carried out at this moment.
    function _requirePossible(uint8 kind, uint32 subject, bytes calldata payload) private view {
        if (kind < ADMIT || kind > SEAT) revert KindUnknown(kind);
        bool hasSubject = kind == SEAT || (kind != ADMIT && kind < PARAMETER);
        if (!hasSubject && subject != 0) revert SubjectUnexpected(kind, subject);
        if (kind == ADMIT) {
            Admission memory admission = _admission(payload);
            _requireAdmissible(admission);
            _requireKeysWellFormed(admission);
        } else if (kind == SUSPEND) {
            _requireStep(subject, Standing.Suspended);
            if (Payloads.reason(kind, payload) == 0) revert ReasonMissing();
        } else if (kind == RESTORE) {
            _requireStep(subject, Standing.Active);
            if (payload.length != 0) revert PayloadMalformed(kind);
        } else if (kind == EXPEL) {
            _requireStep(subject, Standing.Expelled);
            if (Payloads.reason(kind, payload) == 0) revert ReasonMissing();
        } else if (kind == RECOVERY_ACCOUNT) {
            _known(subject);
            _requireUnused(Payloads.account(kind, payload));
        } else if (kind == PARAMETER) {
            (bytes32 name, uint256 value) = Payloads.pair(kind, payload);
            DIRECTORY.requireParameter(name, value);
        } else if (kind == SEAT) {
            _requireSeat(subject, Payloads.yes(kind, payload));
        } else {
            (bytes32 name, address code) = Payloads.namedContract(kind, payload);
            DIRECTORY.requireSettable(name, code);
        }
    }

    function _requireKeysWellFormed(Admission memory admission) private view {
        IKeys keys = _keys();
        for (uint256 i = 0; i < admission.keys.length; i++) {
            keys.requireWellFormed(
                admission.keys[i].purpose, admission.keys[i].publicKey, admission.keys[i].proof
            );
        }
    }

    function _keys() private view returns (IKeys) {
        address keys = DIRECTORY.at(Names.KEYS);
        if (keys == address(0)) revert IDirectory.ContractMissing(Names.KEYS);
        return IKeys(keys);
    }

    /// @dev Exactly the bytes that `abi.encode` makes, so that every reader decodes the same.
    function _admission(bytes memory payload) private view returns (Admission memory admission) {
        if (payload.length > Payloads.MAX_LENGTH) revert PayloadMalformed(ADMIT);
        try this.decodeAdmission(payload) returns (Admission memory decoded) {
            admission = decoded;
        } catch {
            revert PayloadMalformed(ADMIT);
        }
        if (keccak256(abi.encode(admission)) != keccak256(payload)) revert PayloadMalformed(ADMIT);
    }
}
