"""`amarvote guardian`: for whoever holds a share of an election's key."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from amarvote.cli import exits
from amarvote.cli.authority import Authority
from amarvote.cli.groups import require_command
from amarvote.cli.guardian_terminal import Terminal, passphrase, plain
from amarvote.cli.program import command
from amarvote.cli.stopping import resumable
from amarvote.cli.targets import check_parent
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.guardian import joining, rehearsal
from amarvote.guardian.agent import Agent
from amarvote.guardian.confirmation import SHOWN, TYPED
from amarvote.guardian.errors import Alarm, GuardianError
from amarvote.guardian.invitation import LARGEST, read_invitation
from amarvote.guardian.membership import Membership, keep_ca, membership_in, service_of
from amarvote.guardian.standing import CHECK, NEXT, RUN, Standing, meaning_of, standing_in
from amarvote.participants.files import (
    PRIVATE_FOLDER,
    HomeError,
    alone_in,
    private_folder,
    read_bounded,
)
from amarvote.participants.service import FINAL, Unanswered

PATIENCE = 30.0
"""Seconds that a command other than `run` waits for the service."""

commands = typer.Typer(
    help="Hold a share of an election's key.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

Home = Annotated[Path, typer.Argument(metavar="HOME", help="The guardian's folder, on a machine of the guardian.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="Read the passphrase there, for instance /dev/fd/3."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")]


class FoundWrong(exits.CommandError):
    """Something is wrong with the election itself."""

    code = exits.FINDINGS


@commands.callback()
def group(context: typer.Context) -> None:
    """Hold a share of an election's key. The key never leaves HOME; whoever loses it cannot open the totals."""
    require_command(context)


@commands.command()
def join(
    home: Home,
    invitation: Annotated[
        str,
        typer.Option("--invitation", metavar="TEXT|FILE", help="What the officer sent, or a file that holds it."),
    ],
    ca: Authority = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> int:
    """Become a guardian: make HOME, exchange the invitation, draw the key. The same command again is harmless."""
    with _in_words(), resumable():
        invited = read_invitation(_text_of(invitation))
        _make(home)
        with alone_in(home, patient=False):
            if ca is not None:
                keep_ca(home, ca)
            secret = passphrase(passphrase_file, new=standing_in(home).key == "none")
            joined = joining.join(home, invited, secret, PATIENCE)
    guardian = joined.membership.guardian
    _show(
        as_json,
        {
            "guardian": guardian,
            "guardians": joined.n,
            "quorum": joined.k,
            "title": joined.title,
            "address": joined.membership.address,
            "home": str(home),
        },
        f"You are guardian {guardian} of {joined.n} in “{plain(joined.title)}”.",
        f"It takes {joined.k} of them to open the totals.",
        f"Your key is in {home}, sealed with your passphrase. Keep both; nobody can restore them.",
        f"Next, when the officer asks all guardians to begin: {command('guardian', RUN, home)}",
    )
    return exits.OK


@commands.command()
def run(home: Home, passphrase_file: PassphraseFile = None, as_json: AsJson = False) -> int:
    """Take part: in the key ceremony, and after voting in opening the totals. Ends when the results are published.

    It may be stopped and started again at any time; the same command goes on where it was.
    """
    with _in_words(), resumable():
        membership = _membership(home)
        with alone_in(home, patient=False), Terminal(home) as terminal:
            secret = passphrase(passphrase_file, new=False)
            service = service_of(home, membership, terminal.wait)
            terminal.watch(service)
            try:
                Agent(service, membership.guardian, home, secret, terminal).work()
            finally:
                service.close()
    outcome = {"guardian": membership.guardian, "address": membership.address, "state": "published"}
    _show(as_json, outcome, "Done: the results are published. Keep HOME as long as the law asks for it.")
    return exits.OK


@commands.command()
def check(home: Home, passphrase_file: PassphraseFile = None, as_json: AsJson = False) -> int:
    """The rehearsal: find out before the election whether your passphrase opens your key, and whether it works.

    Opens the key, holds it against the published record, opens a ciphertext of its own with it, and tells the
    service that this went well. Nothing of the election is opened.
    """
    with _in_words(), resumable():
        membership = _membership(home)
        service = service_of(home, membership, patience=PATIENCE)
        try:
            secret = passphrase(passphrase_file, new=False)
            done = rehearsal.rehearse(service, home, membership, secret)
        finally:
            service.close()
    _show(
        as_json,
        {"guardian": membership.guardian, "rehearsed": True, "h_e": done.h_e.hex(), "h_g": done.h_g.hex()},
        f"The key of guardian {membership.guardian} opens, fits the published record, and works.",
        "The service has been told so.",
        f"Next, when voting has ended: {command('guardian', RUN, home)}",
    )
    return exits.OK


@commands.command()
def status(home: Home, as_json: AsJson = False) -> int:
    """Where you and the election stand, and what to do next. Needs no passphrase, changes nothing."""
    with _in_words(), resumable():
        membership = _membership(home)
        standing = standing_in(home)
        shown, trouble = _shown(home, membership)
    state = str(shown.get("state", ""))
    _show(
        as_json,
        {
            "guardian": membership.guardian,
            "address": membership.address,
            "state": state or None,
            "key": standing.key,
            "words_confirmed": standing.confirmed,
            "record_verified": None if standing.verified is None else list(standing.verified),
            "refusal": standing.refusal,
            "rehearsed_at": shown.get("rehearsed_at"),
            "trouble": trouble,
        },
        f"Guardian {membership.guardian} of “{plain(str(shown.get('title') or '?'))}”, {membership.address}",
        *_lines(home, standing, shown.get("rehearsed_at")),
        meaning_of(state) if state else f"The service tells nothing of the election: {plain(str(trouble))}",
        *([f"Next: {command('guardian', NEXT[state], home)}"] if _has_next(state, shown) else []),
    )
    return exits.OK if state else exits.UNREADABLE


def _has_next(state: str, shown: dict[str, Any]) -> bool:
    return state in NEXT and not (NEXT[state] == CHECK and shown.get("rehearsed_at"))


def _lines(home: Path, standing: Standing, rehearsed_at: object) -> list[str]:
    """What a home holds, in sentences."""
    keys = {
        "none": "There is no key here yet.",
        "drawn": "The key for the ceremony is drawn.",
        "made": "The key for opening the totals is here.",
    }
    lines = [keys[standing.key]]
    if standing.key == "made":
        lines.append(
            "The words are confirmed."
            if standing.confirmed
            else f"The words are not confirmed: {home / TYPED} does not say yet what {home / SHOWN} says."
        )
    if isinstance(rehearsed_at, int | float):
        lines.append(f"Last rehearsal: {datetime.fromtimestamp(rehearsed_at, UTC):%Y-%m-%d %H:%M} UTC.")
    if standing.verified is not None:
        lines.append(f"Of the record, {standing.verified[0]} of {standing.verified[1]} parts are verified.")
    if standing.refusal:
        lines.append(f"A run was refused: {plain(standing.refusal)}")
    return lines


def _shown(home: Path, membership: Membership) -> tuple[dict[str, Any], str | None]:
    """What the service says of the election and of this guardian's rehearsal; or why it says nothing."""
    try:
        service = service_of(home, membership, patience=PATIENCE)
        try:
            election, rehearsals = service.get("").json(), service.get("/rehearsals").json()
        finally:
            service.close()
    except (Unanswered, *FINAL) as problem:
        return {}, str(problem)
    if not isinstance(election, dict) or not isinstance(rehearsals, dict):
        return {}, "Its answer cannot be read."
    entries = rehearsals.get("guardians")
    own = [
        entry.get("rehearsed_at")
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("guardian") == membership.guardian
    ]
    return {
        "state": election.get("state"),
        "title": election.get("title"),
        "rehearsed_at": next(iter(own), None),
    }, None


def _text_of(given: str) -> str:
    """The invitation, which may stand in a file."""
    if "#" in given or "://" in given:
        return given
    return read_bounded(Path(given), LARGEST).decode("utf-8", "replace")


def _make(home: Path) -> None:
    check_parent(home)
    if not home.exists():
        private_folder(home)
    elif not home.is_dir() or home.stat().st_mode & 0o077:
        raise exits.UsageProblem(
            f"{home} is there and others may look into it. Name a new folder, or: chmod {PRIVATE_FOLDER:o} {home}"
        )
    elif membership_in(home) is None and any(home.iterdir()) and not (home / "lock").exists():
        raise exits.UsageProblem(f"{home} holds other things. Name a new folder.")


def _membership(home: Path) -> Membership:
    found = membership_in(home)
    if found is None:
        again = command("guardian", "join", home, "--invitation", "FILE")
        raise exits.UnreadableInput(f"Nobody has joined from {home}. Begin with: {again}")
    return found


def _show(as_json: bool, content: dict[str, Any], *lines: str) -> None:
    sys.stdout.write(json.dumps(content) + "\n" if as_json else "\n".join(lines) + "\n")


@contextmanager
def _in_words() -> Iterator[None]:
    """Every end of an agent as an exit code and a sentence."""
    try:
        yield
    except Alarm as problem:
        raise FoundWrong(plain(str(problem))) from None
    except (GuardianError, ElectionGuardError, HomeError, Unanswered, *FINAL) as problem:
        raise exits.UnreadableInput(plain(str(problem))) from None
