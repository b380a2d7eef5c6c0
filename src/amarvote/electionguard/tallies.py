"""Encrypted and decrypted tallies, and the openings of challenged ballots and contest data, as in the record."""

from dataclasses import dataclass

from gmpy2 import mpz


@dataclass(frozen=True, slots=True)
class EncryptedTallyContest:
    """The products (A, B) of eq. (79) or (80) per option in manifest order; `cast_weight` = weights added in."""

    index: int
    ciphertexts: tuple[tuple[mpz, mpz], ...]
    cast_weight: int


@dataclass(frozen=True, slots=True)
class DecryptedTallyOption:
    """One total t with T = K^t (82) and the proof (c, v) of eqs. (90), (93)."""

    index: int
    label: str
    tally: int
    encoded_tally: mpz
    c: int
    v: int


@dataclass(frozen=True, slots=True)
class DecryptedTallyContest:
    """The totals of one contest."""

    index: int
    label: str
    options: tuple[DecryptedTallyOption, ...]


@dataclass(frozen=True, slots=True, order=True)
class BallotLocator:
    """Where a ballot stands: device kind (1 regular), H_DI of the device, position from 1."""

    kind: int
    h_di: bytes
    position: int


@dataclass(frozen=True, slots=True)
class OpenedOption:
    """One option of a challenged ballot: its value sigma and its nonce xi_{i,j} (33)."""

    index: int
    label: str
    value: int
    nonce: int


@dataclass(frozen=True, slots=True)
class OpenedContestData:
    """Contest data of a challenged ballot: nonce (64) and data D."""

    nonce: int
    data: bytes


@dataclass(frozen=True, slots=True)
class OpenedContest:
    """One contest of a challenged ballot."""

    index: int
    label: str
    options: tuple[OpenedOption, ...]
    contest_data: OpenedContestData | None


@dataclass(frozen=True, slots=True)
class ChallengedBallotOpening:
    """A challenged ballot, opened (section 3.6.7)."""

    ballot: BallotLocator
    h_i: bytes
    contests: tuple[OpenedContest, ...]


@dataclass(frozen=True, slots=True)
class ContestDataRequest:
    """A contest whose data is to be opened."""

    ballot: BallotLocator
    h_i: bytes
    contest_index: int


@dataclass(frozen=True, slots=True)
class ContestDataOpening:
    """Contest data opened by the guardians: beta (97), proof (c, v) of (101), (103), and D (106)."""

    ballot: BallotLocator
    h_i: bytes
    contest_index: int
    beta: mpz
    c: int
    v: int
    data: bytes
