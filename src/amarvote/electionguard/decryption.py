"""Opening the tally, and nothing but the tally: sections 3.6.1 to 3.6.5, eqs. (82)-(93).

A guardian's agent calls `begin_decryption` and `respond_decryption`, a worker `combine_decryption` for some of the
ciphertexts and, when all are there, `assemble_tally`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import gmpy2
from gmpy2 import mpz

from amarvote.electionguard import joint_rounds
from amarvote.electionguard.context import Context
from amarvote.electionguard.discrete_log import DiscreteLog, NoTotalFound
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.hashing import element_bytes, hash_h, hash_q, index_bytes
from amarvote.electionguard.joint_keys import vote_share_keys
from amarvote.electionguard.joint_rounds import Answers, Beginning, Reveal, check_members
from amarvote.electionguard.key_ceremony import KeyShare
from amarvote.electionguard.parameters import P
from amarvote.electionguard.tallies import DecryptedTallyContest, DecryptedTallyOption, EncryptedTallyContest


class TallyNotOpened(ElectionGuardError):  # noqa: N818 - what happened
    """The tally cannot be brought together; the message says for which contest and option."""


@dataclass(frozen=True, slots=True)
class TallyCiphertext:
    """(A, B) of one option, and `greatest`, the highest total it can hold (weights cast times R)."""

    h_e: bytes
    contest: int
    option: int
    A: mpz
    B: mpz
    greatest: int

    @property
    def base(self) -> mpz:
        """A, which is raised to the guardians' secret."""
        return self.A

    @property
    def place(self) -> str:
        """As "contest 3, option 2"."""
        return f"contest {self.contest}, option {self.option}"

    def commitment(self, guardian: int, reveal: Reveal, members: Sequence[int]) -> bytes:
        """d_i (88); `members` ascending."""
        indices = (self.contest, self.option, guardian)
        elements = (self.A, self.B, reveal.a, reveal.b, reveal.share)
        return hash_h(
            self.h_e,
            0x30,
            *map(index_bytes, indices),
            *map(element_bytes, elements),
            *map(index_bytes, (len(members), *members)),
        )

    def challenge(self, a: mpz, b: mpz, power: mpz) -> int:
        """c (90)."""
        elements = (self.A, self.B, a, b, power)
        return hash_q(
            self.h_e,
            0x31,
            index_bytes(self.contest),
            index_bytes(self.option),
            *map(element_bytes, elements),
        )


@dataclass(frozen=True, slots=True)
class DecryptedTotal:
    """One opened option and the contest it belongs to."""

    contest: int
    option: DecryptedTallyOption


def tally_ciphertexts(context: Context, tally: Iterable[EncryptedTallyContest]) -> list[TallyCiphertext]:
    """All ciphertexts of a tally in (contest, option) order: what the guardians of a run open."""
    return [
        TallyCiphertext(
            context.h_e, contest.index, option, a, b, contest.cast_weight * _option_limit(context, contest)
        )
        for contest in sorted(tally, key=lambda contest: contest.index)
        for option, (a, b) in enumerate(contest.ciphertexts, start=1)
    ]


def begin_decryption(
    context: Context,
    engine: Engine,
    share: KeyShare,
    members: Iterable[int],
    ciphertexts: Sequence[TallyCiphertext],
) -> list[Beginning]:
    """First round of guardian `share.index`: nonces (to seal), reveals (to keep back), d_i (to send)."""
    ordered = check_members(members, context.n, context.k)
    return joint_rounds.begin(engine, share.index, share.vote, ordered, ciphertexts)


def respond_decryption(
    context: Context,
    engine: Engine,
    share: KeyShare,
    members: Iterable[int],
    ciphertexts: Sequence[TallyCiphertext],
    beginnings: Sequence[Beginning],
    commitments: Mapping[int, Sequence[bytes]],
    reveals: Mapping[int, Sequence[Reveal]],
) -> list[int]:
    """Third round: v_i for each ciphertext, after every member's reveal matched its d_j (else RevealRefused)."""
    ordered = check_members(members, context.n, context.k)
    return joint_rounds.respond(
        engine, share.index, share.vote, ordered, ciphertexts, beginnings, commitments, reveals
    )


def combine_decryption(
    context: Context,
    engine: Engine,
    keys: Sequence[GuardianPublicKey],
    members: Iterable[int],
    ciphertexts: Sequence[TallyCiphertext],
    answers: Mapping[int, Answers],
) -> list[DecryptedTotal]:
    """Check every share, combine, find the totals; `keys` are all n guardians' public keys.

    A GuardianFault names the culprit, contest and option. TallyNotOpened where no possible total fits, which
    checked ballots and checked shares exclude.
    """
    ordered = check_members(members, context.n, context.k)
    share_keys = vote_share_keys(engine, keys, ordered)
    opened = joint_rounds.combine(engine, ordered, share_keys, ciphertexts, answers)
    logarithms = DiscreteLog(context.joint_key)
    totals = []
    for ciphertext, opening in zip(ciphertexts, opened, strict=True):
        encoded = ciphertext.B * gmpy2.invert(opening.power, P) % P
        try:
            total = logarithms.find(encoded, ciphertext.greatest)
        except NoTotalFound as error:
            raise TallyNotOpened(
                f"{ciphertext.place} does not decrypt to any possible total. {error} The encrypted tally was "
                "not made from checked ballots; verify the record and aggregate again."
            ) from None
        contest = context.manifest.contest(ciphertext.contest)
        label = contest.options[ciphertext.option - 1].id
        option = DecryptedTallyOption(ciphertext.option, label, total, encoded, opening.c, opening.v)
        totals.append(DecryptedTotal(ciphertext.contest, option))
    return totals


def assemble_tally(context: Context, totals: Iterable[DecryptedTotal]) -> tuple[DecryptedTallyContest, ...]:
    """The decrypted tally in manifest order; TallyNotOpened where an option is missing or there twice."""
    found: dict[tuple[int, int], DecryptedTallyOption] = {}
    for total in totals:
        place = (total.contest, total.option.index)
        if place in found:
            raise TallyNotOpened(f"Contest {place[0]}, option {place[1]} was opened twice.")
        found[place] = total.option
    contests = []
    for contest in context.manifest.contests:
        for option in contest.options:
            if (contest.index, option.index) not in found:
                raise TallyNotOpened(f"Contest {contest.index}, option {option.index} has not been opened yet.")
        options = tuple(found[contest.index, option.index] for option in contest.options)
        contests.append(DecryptedTallyContest(contest.index, contest.id, options))
    return tuple(contests)


def _option_limit(context: Context, contest: EncryptedTallyContest) -> int:
    return context.manifest.contest(contest.index).option_limit
