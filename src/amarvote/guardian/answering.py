"""A guardian's part in a run: three rounds for the tally, one answer a challenged ballot (rules 16 to 18)."""

from collections.abc import Sequence

from amarvote.electionguard.challenged_ballots import ChallengedBallot, Question, answer_challenged
from amarvote.electionguard.context import Context
from amarvote.electionguard.decryption import TallyCiphertext, begin_decryption, respond_decryption
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_reveals,
    write_commitments,
    write_nonce_shares,
    write_responses,
    write_reveals,
)
from amarvote.electionguard.joint_rounds import Beginning
from amarvote.electionguard.key_ceremony import KeyShare
from amarvote.guardian.errors import RefusedRun
from amarvote.guardian.mail import Conversation
from amarvote.guardian.run_state import Answers, Part, Run, RunState
from amarvote.guardian.telling import Teller
from amarvote.participants.service import Refused

ROUNDS = ("share", "reveal", "respond")
TALLY = "tally"
CHALLENGED = "challenged"


class Answering:
    """Guardian `share.index` in one run, over the tally and the challenged ballots of the record it verified."""

    def __init__(
        self,
        context: Context,
        engine: Engine,
        share: KeyShare,
        run: Run,
        state: RunState,
        mail: Conversation,
        tally: Sequence[TallyCiphertext],
        challenged: Sequence[ChallengedBallot],
        teller: Teller,
    ) -> None:
        self._context = context
        self._engine = engine
        self._share = share
        self._run = run
        self._state = state
        self._mail = mail
        self._tally = tally
        self._challenged = challenged
        self._teller = teller
        self._messages = sum(len(ROUNDS) if part.kind == TALLY else 1 for part in run.parts)
        self._sent = 0

    def run(self) -> None:
        """All rounds; raises RefusedRun where it must not answer, ConversationOver where the run ended.

        Forgotten where it has to send again what it has sent.
        """
        try:
            self._rounds()
        except Refused as refusal:
            raise RefusedRun(f"The service takes no answer in run {self._run.id}: {refusal}") from None

    def _rounds(self) -> None:
        self._check_parts()
        self._state.enter()
        tally = [part for part in self._run.parts if part.kind == TALLY]
        self._begin(tally)
        commitments = self._all_commitments(tally)  # fixed before what is known of this guardian's nonces
        for part in tally:
            self._send("reveal", self._reveal(part), part)
        if tally:
            self._mail.wait("reveal", self._share.index)
        for part in tally:
            self._send("respond", self._respond(part, commitments[part.part]), part)
        for part in self._run.parts:
            if part.kind == CHALLENGED:
                self._send("respond", self._open(part), part)
        self._teller.say("This guardian has answered; the service checks and publishes what is opened.")

    def _send(self, round_name: str, payload: bytes, part: Part) -> None:
        self._mail.send(round_name, payload, part.part)
        self._sent += 1
        self._teller.update("answering", self._sent, self._messages)

    def _check_parts(self) -> None:
        """Items of the verified record, none of them twice; those that an earlier run opened may be left out."""
        there = {TALLY: len(self._tally), CHALLENGED: len(self._challenged)}
        reached = dict.fromkeys(there, 0)
        for part in self._run.parts:
            fits = part.kind in there and part.count > 0 and part.first >= reached[part.kind]
            if not fits or part.first + part.count > there[part.kind]:
                raise RefusedRun(f"Part {part.part} of run {self._run.id} is not of the record's {there}.")
            reached[part.kind] = part.first + part.count
        if len({part.part for part in self._run.parts}) != len(self._run.parts):
            raise RefusedRun(f"Two parts of run {self._run.id} have the same number.")

    def _begin(self, parts: Sequence[Part]) -> None:
        """First round: fresh nonces where nothing was begun, unless the service has answers that are lost here."""
        sent: bool | None = None
        for part in parts:
            answers = self._state.answers(part)
            if answers is None and self._state.beginnings(part) is None:
                if sent is None:
                    sent = self._share.index not in self._mail.look("share").missing
                if sent:
                    raise RefusedRun(
                        f"Guardian {self._share.index} answered in run {self._run.id} before, but lost its state. "
                        "Ask the officer to start a new run."
                    )
                fresh = begin_decryption(
                    self._context, self._engine, self._share, self._run.members, self._items(part)
                )
                self._state.begin(part, fresh)
            self._send("share", self._commitments(part), part)

    def _commitments(self, part: Part) -> bytes:
        answers = self._state.answers(part)
        if answers is not None:
            return answers.share
        return write_commitments(one.commitment for one in self._begun(part))

    def _reveal(self, part: Part) -> bytes:
        answers = self._state.answers(part)
        return answers.reveal if answers is not None else write_reveals(one.reveal for one in self._begun(part))

    def _all_commitments(self, parts: Sequence[Part]) -> dict[int, dict[int, bytes]]:
        """By part and sender; 32 bytes an item. The reveals are 48 times that: they are read part by part."""
        if parts:
            self._mail.wait("share", self._share.index)
        return {part.part: self._mail.read("share", set(self._run.members), part.part) for part in parts}

    def _respond(self, part: Part, commitments: dict[int, bytes]) -> bytes:
        answers = self._state.answers(part)
        if answers is not None:
            return answers.respond
        members = set(self._run.members)
        begun = self._begun(part)
        try:
            responses = respond_decryption(
                self._context,
                self._engine,
                self._share,
                self._run.members,
                self._items(part),
                begun,
                {sender: read_commitments(sender, payload, part.count) for sender, payload in commitments.items()},
                {
                    sender: read_reveals(sender, payload, part.count)
                    for sender, payload in self._mail.read("reveal", members, part.part).items()
                },
            )
        except ElectionGuardError as fault:
            raise RefusedRun(f"No answer in run {self._run.id}: {fault}") from fault
        answers = Answers(
            write_commitments(one.commitment for one in begun),
            write_reveals(one.reveal for one in begun),
            write_responses(responses),
        )
        self._state.answer(part, answers)
        return answers.respond

    def _open(self, part: Part) -> bytes:
        """One answer for the challenged ballots of a part, with its proofs; the same one whenever asked."""
        answers = self._state.answers(part)
        if answers is None:
            question = Question(self._run.root, bytes.fromhex(self._run.id))
            ballots = self._challenged[part.first : part.first + part.count]
            try:
                shares = answer_challenged(self._context, self._engine, self._share, question, ballots)
            except ElectionGuardError as fault:
                raise RefusedRun(f"No answer in run {self._run.id}: {fault}") from fault
            answers = Answers(b"", b"", write_nonce_shares(shares))
            self._state.answer(part, answers)
        return answers.respond

    def _begun(self, part: Part) -> list[Beginning]:
        begun = self._state.beginnings(part)
        if begun is None:
            raise RefusedRun(
                f"The nonces of part {part.part} of run {self._run.id} are gone; no answer is possible."
            )
        return begun

    def _items(self, part: Part) -> Sequence[TallyCiphertext]:
        return self._tally[part.first : part.first + part.count]
