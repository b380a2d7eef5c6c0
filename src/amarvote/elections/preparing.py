"""A database of one's own, made ready: its tables, a first token for its operator, signers of its boards."""

from sqlalchemy import select

from amarvote.elections.bearers import Bearers
from amarvote.elections.board_desk import VOTING, name_signer
from amarvote.elections.service import service_of
from amarvote.elections.tokens import issue_operator, token_hash
from amarvote.store.database import Database
from amarvote.store.tables import boards, elections


def prepare(url: str, held: str = "") -> str:
    """Bring the database of this address into its present form; an operator's token: `held`, if that is good."""
    database = Database(url)
    try:
        database.create_schema()
        return held if Bearers(database).find(token_hash(held)) else issue_operator(database).value
    finally:
        database.close()


def without_signer(database: Database) -> list[str]:
    """The elections whose board may still grow, and for which nobody has named a signer."""
    with database.read() as connection:
        unnamed = select(elections.c.id).outerjoin(boards, boards.c.election_id == elections.c.id)
        return list(
            connection.execute(unnamed.where(boards.c.signer.is_(None), elections.c.state.in_(VOTING))).scalars()
        )


def signer_token(database: Database, election_id: str, verifier_key: str) -> str:
    """Name a signer of this election; its token."""
    return name_signer(service_of(database, election_id), verifier_key).value
