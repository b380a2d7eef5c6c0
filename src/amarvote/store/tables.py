"""The schema, readable in one place.

Hashes, identifiers and codes are raw bytes; elements of Z_p 512 bytes; times are seconds since 1970 by the
database's clock (`clock.now`). Large bytes live in tables of their own, so that changing a state rewrites no
ballot.
"""

from sqlalchemy import (
    JSON,
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
)

metadata = MetaData()
Json = JSON(none_as_null=True)


def _election() -> Column[str]:
    return Column("election_id", Text, ForeignKey("elections.id"), nullable=False)


elections = Table(
    "elections",
    metadata,
    Column("id", Text, primary_key=True),  # 32 hex digits
    Column("folder", Text, nullable=False, unique=True),  # of its record, below the directory of records
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),  # see pipeline.states
    Column("paused", Boolean, nullable=False, default=False),
    Column("n", Integer, nullable=False),
    Column("k", Integer, nullable=False),
    Column("chaining_mode", Integer, nullable=False),
    Column("minimum_group", Integer, nullable=False),  # rule 9
    Column("small_groups_consent", Text),  # the officer's words (rule 9)
    Column("note", Text),  # why it stands where it stands: a complaint, failed findings
    # known once the ceremony is done
    Column("joint_key", LargeBinary),
    Column("joint_data_key", LargeBinary),
    Column("h_e", LargeBinary),
    Column("h_g", LargeBinary),
    # fixed when the list is frozen; the tree over (position, hash of the item, weight) of rule 13
    Column("list_root", LargeBinary),
    Column("list_ballots", Integer),
    Column("cast_ballots", Integer),
    Column("cast_weight", Integer),
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
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the bearer token
    _election(),
    Column("role", Text, nullable=False),  # officer, guardian, device
    Column("number", Integer, nullable=False),  # of the guardian or device; 0 for the officer
)

guardians = Table(
    "guardians",
    metadata,
    Column("election_id", Text, ForeignKey("elections.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # i of 1..n
    Column("checked_in", Boolean, nullable=False, default=False),
    Column("aside", Text),  # why it is set aside; NULL while it is not
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
    Column("style", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("state", Text, nullable=False),  # free, reserved, spent
    Column("challenged", Integer, nullable=False, default=0),  # ballots challenged with it so far
    sqlite_with_rowid=False,  # no order of arrival
)

ballots = Table(
    "ballots",
    metadata,
    Column("number", Integer, primary_key=True),
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
)
Index(
    "ballots_one_code",
    ballots.c.election_id,
    ballots.c.confirmation_code,
    unique=True,
    sqlite_where=ballots.c.state == "accepted",
)
Index(
    "ballots_uncut",
    ballots.c.election_id,
    ballots.c.number,
    sqlite_where=ballots.c.chunk_id.is_(None),
)

ballot_items = Table(
    "ballot_items",
    metadata,
    Column("number", Integer, ForeignKey("ballots.number"), primary_key=True),
    Column("item", LargeBinary, nullable=False),  # the canonical bytes that the record holds
)

ballot_commitments = Table(
    "ballot_commitments",
    metadata,
    Column("number", Integer, ForeignKey("ballots.number"), primary_key=True),
    Column("data", LargeBinary, nullable=False),  # gone once the ballot is settled
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
    # ready, handed (out, in the queue), running, done, failed (parked), halved (its halves do its work)
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),  # counted when claimed; fences late commits
    Column("errors", Integer, nullable=False, default=0),
    Column("deaths", Integer, nullable=False, default=0),
    Column("due_at", Float, nullable=False),
    Column("handed_at", Float),
    Column("lease_until", Float),
    Column("worker", Text),
    Column("reason", Text),  # what went wrong last
    Column("claimed_at", Float),
    Column("finished_at", Float),
    UniqueConstraint("phase_id", "ordinal"),
    Index("chunks_by_phase", "phase_id", "state", "level"),
    Index("chunks_by_state", "state", "election_id"),
)
Index("chunks_queue", chunks.c.handed_at, chunks.c.id, sqlite_where=chunks.c.state == "handed")

chunk_results = Table(
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
