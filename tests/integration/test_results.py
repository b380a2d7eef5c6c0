"""Results in pieces: no request reads or decodes more than it shows, however many ballots were challenged."""

import re

import pytest
from sqlalchemy import insert, text, update

from amarvote.electionguard.tallies import BallotLocator, ChallengedBallotOpening
from amarvote.elections import paging, results
from amarvote.elections.service import service_of
from amarvote.pipeline.record_rows import store_items
from amarvote.record.codec import challenged_ballot_item
from amarvote.record.sections import Section, SectionType
from amarvote.store.tables import elections, openings, runs
from staging.hearing import heard
from staging.rows import add_election
from staging.served import serving

CHALLENGED = 5000
MOST = 101
"""One more than a page has: is there another one?"""


@pytest.fixture
def published(both):
    """A published election with very many challenged ballots, beside another one, as rows."""
    for name in ("one", "other"):
        add_election(both, name, "combine", [])
        with both.write() as connection:
            run = {"id": name, "election_id": name, "ordinal": 0, "guardians": [1], "root": b"", "parts": []}
            connection.execute(insert(runs).values(state="done", **run))
            row = {"election_id": name, "kind": "challenged", "run_id": name, "data": b""}
            rows = [{**row, "number": number, "findings": found(number)} for number in range(CHALLENGED)]
            connection.execute(insert(openings), rows)
            section = Section(SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
            store_items(connection, name, section, enumerate(opening(number) for number in range(CHALLENGED)))
    with both.write() as connection:
        connection.execute(update(elections).values(state="published"))
        connection.execute(text("ANALYZE"))
    return both


def opening(number):
    return challenged_ballot_item(ChallengedBallotOpening(BallotLocator(1, bytes(32), 1 + number), bytes(32), ()))


def found(number):
    return [{"code": "13.B", "where": f"ballot {number}", "message": "it does not open"}] if number == 7 else None


def test_no_request_reads_more_than_its_page(published, monkeypatch):
    decoded = []
    real = results.read_challenged_ballot
    monkeypatch.setattr(results, "read_challenged_ballot", lambda item: decoded.append(item) or real(item))
    service = service_of(published, "one")
    with heard(published) as said:
        told = results.results(service)
    assert (told["challenged"], decoded) == (CHALLENGED, [])
    read_few(published, said)
    shown, after, pages = [], 0, 0
    while after is not None:
        decoded.clear()
        with heard(published) as said:
            page = results.challenged_pages(service, after, 100)
        assert len(decoded) == len(page["items"]) == 100
        if pages % 20 == 0:
            read_few(published, said)
        shown += page["items"]
        after, pages = page["next"], pages + 1
    assert [one["number"] for one in shown] == [one["position"] for one in shown] == list(range(1, CHALLENGED + 1))
    assert [one["number"] for one in shown if one["findings"]] == [8]
    assert results.challenged_pages(service, CHALLENGED, 100) == {"items": [], "next": None}


def test_a_page_of_large_openings_ends_after_a_mebibyte(published, monkeypatch):
    size = len(opening(0))
    monkeypatch.setattr(paging, "PIECE_BYTES", 10 * size + size // 2)
    service = service_of(published, "one")
    page = results.challenged_pages(service, 0, 100)
    assert [one["number"] for one in page["items"]] == list(range(1, 11))
    assert page["next"] == 10
    monkeypatch.setattr(paging, "PIECE_BYTES", 1)
    page = results.challenged_pages(service, page["next"], 100)
    assert ([one["number"] for one in page["items"]], page["next"]) == ([11], 11)


def read_few(database, said):
    """No step of the database's plans looks at more rows than a page has; SQLite says only that it seeks them."""
    questions = [(statement, values) for statement, values in said if statement.startswith("SELECT")]
    assert questions
    with database.read() as connection:
        for statement, values in questions:
            if connection.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                assert not [row for row in plan if row[-1].startswith("SCAN") and "CONSTANT" not in row[-1]], plan
                continue
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN ANALYZE {statement}", values))
            for rows, removed in re.findall(r"actual time=\S+ rows=([\d.]+)|Rows Removed by [^:]+: (\d+)", plan):
                assert float(rows or removed) <= MOST, plan


def test_challenged_ballots_are_shown_page_by_page_once_the_record_is_verified(opened):
    marked = [1, 2, 2, 1, 2]
    opened.vote(1)
    for number, option in enumerate(marked):
        opened.vote(option, challenge=True, device=1 + number % 2)
    with serving(opened) as served:
        for path in ("/results", "/results/challenged"):
            refused = served.ask("GET", path)
            assert (refused.status_code, "once verified" in refused.json()["detail"]) == (404, True)
        opened.count([1, 2])
        told = served.ask("GET", "/results").json()
        assert (told["totals"], told["challenged"]) == ({"c1": {"o1": 1, "o2": 0}}, len(marked))
        shown, after = [], 0
        while after is not None:
            page = served.ask("GET", f"/results/challenged?limit=2&after={after}").json()
            assert 1 <= len(page["items"]) <= 2
            shown += page["items"]
            after = page["next"]
        assert [one["number"] for one in shown] == [1, 2, 3, 4, 5]
        assert len({(one["device"], one["position"]) for one in shown}) == len(marked)
        assert sorted(one["contests"]["c1"]["o2"] for one in shown) == [0, 0, 1, 1, 1]
        assert served.ask("GET", "/results/challenged?after=5").json() == {"items": [], "next": None}
        assert served.ask("GET", f"/results/challenged?after={2**53}").json() == {"items": [], "next": None}
        assert served.ask("GET", "/results/challenged?limit=101").status_code == 422
