"""The schema, readable in one place.

Hashes, identifiers and codes are raw bytes; elements of Z_p 512 bytes; times are seconds since 1970 by the
database's clock (`clock.now`). Large bytes live in tables of their own, so that changing a state rewrites no
ballot.
"""

import secrets

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

metadata = MetaData()
Json = JSON(none_as_null=True)


def _election() -> Column[str]:
    return Column("election_id", Text, ForeignKey("elections.id"), nullable=False)


elections = Table(
    "elections",
    metadata,
    Column("id", Text, primary_key=True),  # 32 hex digits
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),  # see pipeline.states
    Column("paused", Boolean, nullable=False, default=False),
    Column("n", Integer, nullable=False),
    Column("k", Integer, nullable=False),
    Column("chaining_mode", Integer, nullable=False),
    Column("minimum_group", Integer, nullable=False),  # rule 9
    Column("small_groups_consent", Text),  # the officer's words (rule 9)
    Column("note", Text),  # why it stands where it stands: a complaint, failed findings
    Column("closed_at", Float),  # when the officer ended voting
    # known once the ceremony is done
    Column("joint_key", LargeBinary),
    Column("joint_data_key", LargeBinary),
    Column("h_e", LargeBinary),
    Column("h_g", LargeBinary),
    # fixed when the list is frozen; the tree over (position, hash of the item, weight) of rule 13
    Column("list_root", LargeBinary),
    Column("list_ballots", Integer),
    Column("cast_ballots", Integer),
    Column("cast_weight", BigInteger),
    # roots of the record, each fixed once
    Column("setup_root", LargeBinary),
    Column("aggregated_root", LargeBinary),
    Column("final_root", LargeBinary),
    Column("report", Json),  # what verifying the record found
    Column("manifest", LargeBinary, nullable=False),  # the exact bytes that H_B binds
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),  # by which it is listed and revoked
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the bearer token
    Column("election_id", Text, ForeignKey("elections.id")),  # NULL: the operator's, for the whole service
    Column(
        "role", Text, nullable=False
    ),  # operator, officer, guardian, device; invitation (to be a guardian, once)
    Column("number", Integer, nullable=False),  # of the guardian or device; 0 for officers and operators
    Column("issued_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("revoked_at", Float),
    Column("used_at", Float),  # of an invitation: when it became a guardian's token
    Index("tokens_by_election", "election_id", "id"),
)

buckets = Table(
    "buckets",
    metadata,
    Column("key", Text, primary_key=True),  # what is limited, and whom: a token's number or an address
    Column("level", Float, nullable=False),  # how much was left at `at`; it grows with time
    Column("at", Float, nullable=False),
)

guardians = Table(
    "guardians",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # i of 1..n
    Column("checked_in", Boolean, nullable=False, default=False),
    Column("aside", Text),  # why it is set aside; NULL while it is not
    Column("rehearsed_at", Float),  # when it last proved to itself that its key opens and works
)

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, primary_key=True),
    _election(),
    Column("number", Integer, nullable=False),  # of the device's token
    Column("chain", Integer, nullable=False),  # 1, then one more for each new device string of this device
    Column("name", Text, nullable=False),
    Column("device_string", Text, nullable=False),  # S_device
    Column("h_di", LargeBinary),
    Column("remote", Boolean, nullable=False, default=False),  # the service's own, for remote voters (rule 7)
    Column("closed", Boolean, nullable=False, default=False),
    Column("broken", Text),  # why its chain ended (rule 6); NULL while it has not
    # simple chaining: what was stored last, and how far the chain is settled
    Column("last_code", LargeBinary),
    Column("stored", Integer, nullable=False, default=0),
    Column("settled", Integer, nullable=False, default=0),
    UniqueConstraint("election_id", "number", "chain"),
    UniqueConstraint("election_id", "device_string"),
)

roll = Table(
    "roll",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the vote token
    Column("voter", Text),  # what the officer calls the voter; NULL where only the hash was imported
    Column("style", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("state", Text, nullable=False),  # free, reserved, spent, revoked
    Column("challenged", Integer, nullable=False, default=0),  # ballots challenged or rejected; 0 once closed
    UniqueConstraint("election_id", "voter"),
    sqlite_with_rowid=False,  # no order of arrival
)

RandomKey = BigInteger().with_variant(Integer, "sqlite")
"""Of 63 random bits: says nothing about the order of arrival. (In SQLite it is the row's own place, the rowid.)"""


def random_key() -> int:
    """A key that nobody has: among 50 million ballots two meet once in 7,000 elections, and one is sent again."""
    return secrets.randbits(63)


ballots = Table(
    "ballots",
    metadata,
    Column("number", RandomKey, primary_key=True, autoincrement=False, default=random_key),
    _election(),
    Column("device_id", Integer, ForeignKey("devices.id"), nullable=False),
    Column("chain_index", Integer),  # j of H_j, from 1; NULL without chaining
    Column("id_b", LargeBinary, nullable=False),
    # submitted (proofs not checked), waiting (checked, its predecessor in the chain is not settled),
    # held (out of attempts, waits for the officer), accepted, rejected
    Column("state", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 1 cast, 2 challenged: decided once
    Column("style", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("confirmation_code", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),  # SHA-256(00 ‖ item)
    Column("submission", LargeBinary, nullable=False),  # SHA-256 of item ‖ commitments: the same bytes again?
    Column("item_bytes", Integer, nullable=False),
    Column("commitment_bytes", Integer, nullable=False),
    Column("token_hash", LargeBinary),  # the only link to the roll; erased when the ballot is settled
    Column("submitted_at", Float),  # erased when the ballot is settled
    Column("chunk_id", Integer),  # the accept chunk that checks it
    Column("findings", Json),  # [{code, where, message}] of a rejected ballot
    # fixed when the list is frozen
    Column("position", Integer),  # in its device's section, from 1
    Column("ordinal", Integer),  # in the whole list, from 0
    UniqueConstraint("election_id", "id_b"),
    UniqueConstraint("device_id", "chain_index"),
    UniqueConstraint("device_id", "position"),
    UniqueConstraint("election_id", "ordinal"),
    Index("ballots_by_chunk", "chunk_id"),
    Index("ballots_by_state", "election_id", "state", "status"),
    Index("ballots_by_code", "election_id", "confirmation_code"),
)
Index(
    "ballots_one_code",
    ballots.c.election_id,
    ballots.c.confirmation_code,
    unique=True,
    sqlite_where=ballots.c.state == "accepted",
    postgresql_where=ballots.c.state == "accepted",
)
Index(
    "ballots_uncut",
    ballots.c.election_id,
    ballots.c.number,
    sqlite_where=ballots.c.chunk_id.is_(None),
    postgresql_where=ballots.c.chunk_id.is_(None),
)

# No foreign key ties these two to `ballots`, whose rows are written anew when the list is frozen (rule 3).
ballot_items = Table(
    "ballot_items",
    metadata,
    Column("number", RandomKey, primary_key=True, autoincrement=False),
    Column("item", LargeBinary, nullable=False),  # the canonical bytes that the record holds
)

ballot_commitments = Table(
    "ballot_commitments",
    metadata,
    Column("number", RandomKey, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # gone once the ballot is settled
)

boards = Table(
    "boards",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("size", Integer, nullable=False),  # accepted confirmation codes on it
    Column("root", LargeBinary, nullable=False),  # RFC 9162, over leaves SHA-256(00 ‖ code)
    Column("extended_at", Float, nullable=False),  # when the last batch was appended
    Column("signer", Text),  # the verifier key NAME+HASH+BASE64 whose checkpoints are taken
    Column("missing", LargeBinary),  # a code that the verified record has and the board has not
)

# Accepted codes that wait for the next batch.
board_waiting = Table(
    "board_waiting",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("code", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,  # no order of arrival
)

board_entries = Table(
    "board_entries",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("position", Integer, primary_key=True),  # from 0; within a batch the codes are sorted
    Column("code", LargeBinary, nullable=False),
    UniqueConstraint("election_id", "code"),
)

# Hashes of complete subtrees at heights 8, 16, …: what proofs need of a large board (board.tree).
board_nodes = Table(
    "board_nodes",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("height", Integer, primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("size", Integer, primary_key=True),
    Column("note", Text, nullable=False),  # as it was signed
)

phases = Table(
    "phases",
    metadata,
    Column("id", Integer, primary_key=True),
    _election(),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False, default=""),  # the run it belongs to, or which writing of the record
    Column("state", Text, nullable=False),  # open, done, stopped
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    UniqueConstraint("election_id", "name", "scope"),  # a phase starts once
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("phase_id", Integer, ForeignKey("phases.id"), nullable=False),
    _election(),
    Column("ordinal", Integer, nullable=False),  # in its phase
    Column("level", Integer, nullable=False, default=0),  # of a tree; what a phase does last has the highest
    Column("first", Integer, nullable=False),  # bounds [first, last) over what the phase works on, stored once
    Column("last", Integer, nullable=False),
    Column("spec", Json),  # what else says which work it is
    # ready, handed (out, in the queue), running, done, failed (parked), halved (its halves do its work),
    # stopped (with its phase)
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),  # counted when claimed; fences late commits
    Column("errors", Integer, nullable=False, default=0),
    Column("deaths", Integer, nullable=False, default=0),
    Column("due_at", Float, nullable=False),
    Column("handed_at", Float),
    # when it was noted that the broker has the message about the state it is in (handed: into the queue; failed:
    # dead letter); a chunk that was claimed before that has none
    Column("published_at", Float),
    Column("lease_until", Float),
    Column("worker", Text),
    Column("reason", Text),  # what went wrong last
    Column("claimed_at", Float),
    Column("finished_at", Float),
    # of the request that cut it, where traces are on; erased once the chunk is done (see docs/privacy.md)
    Column("traceparent", Text),
    UniqueConstraint("phase_id", "ordinal"),
    Index("chunks_by_phase", "phase_id", "state", "level"),
    Index("chunks_by_state", "state", "election_id"),
)
# Queries say the same in the same words: an index over some rows serves no query that compares with a parameter.
is_handed = chunks.c.state == literal_column("'handed'")
is_ready = chunks.c.state == literal_column("'ready'")
Index("chunks_queue", chunks.c.handed_at, chunks.c.id, sqlite_where=is_handed, postgresql_where=is_handed)
Index("chunks_waiting", chunks.c.election_id, chunks.c.id, sqlite_where=is_ready, postgresql_where=is_ready)

turns = Table(
    "turns",
    metadata,
    Column("name", Text, primary_key=True),  # of what one process does at a time; see turns
    Column("at", Float, nullable=False),  # when it was done last
)

chunk_results = Table(  # of those that a tree puts together
    "chunk_results",
    metadata,
    Column("chunk_id", Integer, ForeignKey("chunks.id"), primary_key=True),
    Column("fields", Json, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

record_items = Table(
    "record_items",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("section", Integer, primary_key=True),  # 0x0001 …
    Column("key", LargeBinary, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
    Column("item", LargeBinary, nullable=False),  # canonical bytes; ballots have their own table
)

record_files = Table(
    "record_files",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("writing", Integer, primary_key=True),  # 1, then one more for each command to write the record anew
    Column("path", Text, primary_key=True),  # in the record's layout
    Column("phase", Integer, primary_key=True),  # of the record, 1 setup to 4 final; each has its own toc
    Column("size", Integer, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),  # 32 hex digits, random
    _election(),
    Column("ordinal", Integer, nullable=False),
    Column("guardians", Json, nullable=False),  # U, ascending
    Column("root", LargeBinary, nullable=False),  # the aggregated root they answer for
    Column("parts", Json, nullable=False),  # [{part, kind, first, count}]
    Column("state", Text, nullable=False),  # answering, combining, done, stopped
    Column("reason", Text),
    UniqueConstraint("election_id", "ordinal"),
)

messages = Table(
    "messages",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("conversation", Text, primary_key=True),  # "ceremony" or the run
    Column("round", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("sender", Integer, primary_key=True),
    Column("recipient", Integer, primary_key=True),  # 0: everybody
    Column("payload", LargeBinary, nullable=False),
)

openings = Table(
    "openings",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("kind", Text, primary_key=True),  # tally, challenged
    Column("number", Integer, primary_key=True),  # from 0 in the list of its kind
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("findings", Json),  # of a challenged ballot that its nonce does not open (rule 4)
    Column("data", LargeBinary, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("child_pid", Integer),
    Column("step", Text, nullable=False),
    Column("chunks_done", Integer, nullable=False, default=0),
    Column("baseline_kb", Integer),  # RSS of parent and child before the first chunk
    Column("rss_kb", Integer),
    Column("peak_kb", Integer),  # the greatest of both together
    Column("beat_at", Float, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    _election(),
    Column("at", Float, nullable=False),
    Column("what", Text, nullable=False),  # a sentence: states, verdicts, consents, commands of the officer
)
