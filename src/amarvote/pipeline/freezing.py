"""Freezing the list of accepted ballots: where each stands in the record, and the bounds of chunks, stored once.

Chained devices keep their chain's order; without chaining a device's ballots are sorted by confirmation code,
so that neither the workers nor the hour of arrival shows (rule 7). Everything later refers to these positions.
"""

from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select, update

from amarvote.electionguard.confirmation import (
    SIMPLE_CHAINING,
    closing_field,
    closing_hash,
    initial_hash,
)
from amarvote.pipeline import chunks as life
from amarvote.pipeline import phases, sequencing
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.listing import list_entry
from amarvote.pipeline.record_rows import store_items
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.settling import CAST
from amarvote.pipeline.shuffling import shuffle_roll, write_anew
from amarvote.record.codec import device_close_item, device_header_item
from amarvote.record.items import DeviceClose, DeviceHeader
from amarvote.record.merkle import Tree
from amarvote.record.sections import DeviceKind, device_section
from amarvote.store.engines import without_time_limit
from amarvote.store.tables import ballots, devices, elections

PAGE = 1000


def freeze(connection: Connection, settings: Settings, election: Row[Any]) -> None:
    """Fix positions and ordinals, write the devices' headers and closes, cut the aggregate chunks.

    The board is complete before; roll and ballots are written anew in random order.
    """
    without_time_limit(connection)
    sequencing.complete(connection, election.id)
    _fix_places(connection, election.id)
    shuffle_roll(connection, election.id)
    _write_devices(connection, election)
    phase = phases.begin(connection, election.id, "aggregate")
    tree = Tree()
    count = cast = weight = 0
    bounds: list[NewChunk] = []
    first = size = 0
    rows = connection.execute(
        select(ballots.c.ordinal, ballots.c.leaf, ballots.c.weight, ballots.c.status, ballots.c.item_bytes)
        .where(ballots.c.election_id == election.id, ballots.c.ordinal.is_not(None))
        .order_by(ballots.c.ordinal)
        .execution_options(yield_per=PAGE)
    )
    for row in rows:
        tree.add(list_entry(row.ordinal, row.leaf, row.weight, row.status))
        if count > first and (count - first == settings.items or size + row.item_bytes > settings.chunk_bytes):
            bounds.append(NewChunk(first, count))
            first, size = count, 0
        if len(bounds) == PAGE:
            life.add(connection, phase, bounds)
            bounds.clear()
        count, size = count + 1, size + row.item_bytes
        if row.status == CAST:
            cast, weight = cast + 1, weight + row.weight
    if count > first:
        bounds.append(NewChunk(first, count))
    life.add(connection, phase, bounds)
    connection.execute(
        update(elections)
        .where(elections.c.id == election.id)
        .values(list_root=tree.root(), list_ballots=count, cast_ballots=cast, cast_weight=weight)
    )


def _fix_places(connection: Connection, election_id: str) -> None:
    """Give every accepted ballot its position and ordinal, and write all rows of ballots anew (rule 3)."""
    accepted = ballots.c.state == "accepted"
    order = (func.coalesce(ballots.c.chain_index, 0), ballots.c.confirmation_code)
    of_device = func.row_number().over(partition_by=(accepted, ballots.c.device_id), order_by=order)
    of_list = func.row_number().over(partition_by=accepted, order_by=(devices.c.h_di, *order))
    fixed = {"position": case((accepted, of_device)), "ordinal": case((accepted, of_list - 1))}
    rows = (
        select(*(fixed.get(column.name, column) for column in ballots.columns))
        .join(devices, devices.c.id == ballots.c.device_id)
        .where(ballots.c.election_id == election_id)
    )
    write_anew(connection, ballots, rows, election_id)


def _write_devices(connection: Connection, election: Row[Any]) -> None:
    """Header and close of each device that has ballots; H_0, H̄ with simple chaining."""
    latest = (
        select(ballots.c.device_id, func.count().label("ballots"), func.max(ballots.c.position).label("last"))
        .where(ballots.c.election_id == election.id, ballots.c.state == "accepted")
        .group_by(ballots.c.device_id)
        .subquery()
    )
    rows = connection.execute(
        select(devices, latest.c.ballots, ballots.c.confirmation_code)
        .join(latest, latest.c.device_id == devices.c.id)
        .join(ballots, and_(ballots.c.device_id == devices.c.id, ballots.c.position == latest.c.last))
    ).all()
    for row in rows:
        first = close_field = close_hash = None
        if election.chaining_mode == SIMPLE_CHAINING:
            first = initial_hash(election.h_e, row.h_di)
            close_field = closing_field(election.h_e, row.confirmation_code, row.h_di)
            close_hash = closing_hash(election.h_e, close_field)
        header = DeviceHeader(DeviceKind.REGULAR, row.device_string, row.h_di, election.chaining_mode, first)
        close = DeviceClose(row.ballots, close_field, close_hash, None)
        items = ((0, device_header_item(header)), (row.ballots + 1, device_close_item(close)))
        store_items(connection, election.id, device_section(DeviceKind.REGULAR, row.h_di), items)
