"""Every size, depth and count the product accepts, in one place.

Each line says what it bounds. A value above its limit is refused with ``LimitError``; none is
silently cut. Bytes are of UTF-8, times are seconds.
"""

from typing import Final

# JSON of any kind that comes from outside
JSON_DEPTH: Final = 32  # nested arrays and objects
JSON_INTEGER_DIGITS: Final = 16  # beyond 2^53 a number is not the same everywhere
JSON_MEMBERS: Final = 20_000  # members and items of one document altogether

# Proof bundles and what is inside
BUNDLE_BYTES: Final = 512 * 1024
PRESENTATION_BYTES: Final = 256 * 1024
JWS_HEADER_BYTES: Final = 4 * 1024
JWS_PAYLOAD_BYTES: Final = 192 * 1024
JWS_SIGNATURE_BYTES: Final = 1024  # ours have 64; others are read so that they can be refused
DISCLOSURES: Final = 512  # in one SD-JWT
DISCLOSURE_BYTES: Final = 32 * 1024  # one disclosure, encoded
SALT_BYTES: Final = 32  # leaf salt
DISCLOSURE_SALT_BITS: Final = 128  # least entropy of a disclosure's salt (RFC 9901 9.3)

# Batches
BATCH_LEAVES_MIN: Final = 64
BATCH_LEAVES_MAX: Final = 131_072  # 2^17
PATH_STEPS: Final = 63  # an inclusion path over at most 2^63 leaves

# Records and registers
RECORD_BYTES: Final = 128 * 1024
REGISTER_BYTES: Final = 256 * 1024 * 1024
REGISTER_ROWS: Final = 1_000_000
CERTIFICATE_NUMBER_CHARS: Final = 60
TEXT_CHARS: Final = 4_000  # one text value of a record, in one language
NAME_CHARS: Final = 500
LANGUAGES: Final = 20  # languages of one text
SITES: Final = 200
SECTORS: Final = 40
RESTORATION_MONTHS: Final = 6  # after expiry (ISO/IEC 17021-1 9.6.3.2.5)

# HTTP
REQUEST_BYTES: Final = 1024 * 1024  # every request but a register
IDEMPOTENCY_KEY_CHARS: Final = 128

# Status lists (W3C Bitstring Status List 1.0: at least 131,072 entries)
STATUS_LIST_ENTRIES: Final = 131_072
STATUS_LIST_FILL: Final = 65_536  # a new list is opened when one is half full
STATUS_LIST_TTL: Final = 300

# Members (the contracts enforce the same)
MEMBER_NAMES_BYTES: Final = 1024
ENDPOINT_BYTES: Final = 200

# Recognition (the contracts enforce the same)
LEDGER_TEXT_BYTES: Final = 24 * 1024  # an arrangement's text, a notice, a policy
COVERAGE_BYTES: Final = 4096  # standards and sectors of one accreditation
REDUCTIONS: Final = 32  # different ones of one accreditation, before it is granted anew
SCOPE_BYTES: Final = 32
POLICIES_KEPT: Final = 512  # read from the ledger and kept in memory
TITLE_CHARS: Final = 120  # of an arrangement's first line, to be shown as its name
TITLE_SOUGHT: Final = 2048  # bytes at the start of a notice, to be shown as its name
PARTIES_INVITED: Final = 256  # by the transaction that makes an arrangement
SEATS: Final = 15
DECLARED_AHEAD: Final = 365 * 86_400  # how far ahead a change may take effect
PROPOSAL_SECONDS: Final = 90 * 86_400  # how long a proposal can be voted on

# The network as it is shown
NOTICES_SHOWN: Final = 100  # the newest
FEED_ENTRIES: Final = 100  # of one feed; the newest

# Reports
STATUS_ENTRIES: Final = 10_000  # declarations shown; of more than any body makes, the newest
LINKED_CERTIFICATES: Final = 20  # how many certificates before and after one are followed

# Acceptance policies; altogether LEDGER_TEXT_BYTES
POLICY_ENTRIES: Final = 100  # of each of its lists
POLICY_TEXT_CHARS: Final = 1_000  # one condition, in one language
POLICY_EVIDENCE_AGE: Final = 366 * 86_400  # the oldest a policy may allow

# Evidence age without an acceptance policy (design §6)
EVIDENCE_AGE_LIVE: Final = 600
EVIDENCE_AGE_OFFLINE: Final = 30 * 86_400
SIGNING_CLOCK_APART: Final = 60  # between our clock and the newest block, or nothing is signed
CLOCK_SKEW: Final = 60  # how far a block may lie in our future before we call our clock wrong

# Chain
RPC_TIMEOUT: Final = 10.0
RPC_ANSWER_BYTES: Final = 64 * 1024 * 1024
BLOCK_SECONDS_MIN: Final = 1  # no chain we run on makes blocks faster
LOG_RANGE_BLOCKS: Final = 2_000  # blocks asked for in one get_logs
