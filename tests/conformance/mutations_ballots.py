"""Mutations of ballots and of the devices that took them (steps 5 to 8), with proofs and hashes made to fit."""

from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_h, index_bytes
from amarvote.electionguard.parameters import P, Q
from amarvote.record import egrf_pb2 as pb
from conformance import provers
from conformance.elections import Ballot, Election, chained, number, unchained
from conformance.mutations import flip, mutation, replaced

MAYOR, COUNCIL, QUESTION = 1, 2, 3


def _hall(e: Election, position: int) -> Ballot:
    """Ballots of the hall: 1 cast in town, 2 challenged in town, 3 spoiled and 4 cast in the country."""
    return e.device("hall").ballots[position - 1]


def _rehash(e: Election) -> None:
    """Contest hashes and codes anew where ciphertexts were changed."""
    for _, ballot in e.ballots():
        ballot.rehash()
    _rechain(e)


def _rechain(e: Election, after: int = 0) -> None:
    e.device("hall").rechain(e.keys.h_e, after=after)


# ---- 5: identifiers


@mutation("voting", "5.A", base=chained)
def two_ballots_of_one_identifier(e: Election) -> None:
    first = _hall(e, 1).message.id_b
    school = e.device("school")
    school.ballots.append(e.encrypt("country", {"question": {"no": 1}}, id_b=first))
    school.rechain(e.keys.h_e)


@mutation("voting", "5.A", base=chained)
def spoiled_ballot_with_the_identifier_of_a_cast_one(e: Election) -> None:
    hall = e.device("hall")
    spoiled = pb.BALLOT_STATUS_SPOILED
    hall.ballots[2] = e.encrypt("country", {}, id_b=_hall(e, 1).message.id_b, status=spoiled)
    hall.rechain(e.keys.h_e)


@mutation("voting", "5.B", base=chained)
def identifier_hash_of_another_ballot(e: Election) -> None:
    h_i = hash_h(e.keys.h_e, 0x20, bytes(32))
    e.device("hall").ballots[2] = e.encrypt("country", {}, status=pb.BALLOT_STATUS_SPOILED, h_i=h_i)
    _rechain(e)


def _copy_of_first(e: Election, id_b: bytes) -> Ballot:
    first = _hall(e, 1)
    copy = pb.EncryptedBallot()
    copy.CopyFrom(first.message)
    copy.id_b = id_b
    return Ballot(copy, first.nonce, first.contests)


@mutation("voting", "5.B", base=chained)
def copied_ballot_that_keeps_its_identifier_hash(e: Election) -> None:
    e.device("hall").ballots.append(_copy_of_first(e, bytes(range(32))))
    _rechain(e)


@mutation(
    "voting",
    "6.D",
    "7.D",
    "12.structure",
    "13.structure",
    base=chained,
    why="every proof of a ballot is bound to its H_I, and a copy under a new identifier has not one that holds",
)
def copied_ballot_under_a_new_identifier(e: Election) -> None:
    ballot = _copy_of_first(e, bytes(range(32)))
    ballot.message.h_i = hash_h(e.keys.h_e, 0x20, ballot.message.id_b)
    ballot.rehash()
    e.device("hall").ballots.append(ballot)
    _rechain(e)


# ---- 6: selections


@mutation("voting", "6.A", base=chained)
def alpha_not_below_p(e: Election) -> None:
    _hall(e, 3).contest(MAYOR).fields[0].alpha = element_bytes(P + 4)
    _rehash(e)


@mutation("final", "6.A", base=chained)
def beta_of_a_cast_ballot_not_below_p(e: Election) -> None:
    """The products cannot be recomputed then: step 9 is not evaluable, and nothing more is found."""
    _hall(e, 4).contest(MAYOR).fields[1].beta = element_bytes(P)
    _rehash(e)


def _negate(e: Election, ballot: Ballot, attribute: str) -> None:
    """Show -alpha or -beta with proofs that hold, because every challenge is even."""
    field = ballot.contest(MAYOR).fields[1]
    setattr(field, attribute, element_bytes(P - number(getattr(field, attribute))))
    e.prove_option(ballot, MAYOR, 2, provers.all_even)
    e.prove_limit(ballot, MAYOR, provers.all_even)
    _rehash(e)


@mutation("voting", "7.A", "6.A", base=chained, why="both steps ask that the same alpha lies in the group")
def negated_alpha(e: Election) -> None:
    _negate(e, _hall(e, 3), "alpha")


@mutation("voting", "6.A", "7.A", base=chained, why="both steps ask that the same beta lies in the group")
def negated_beta(e: Election) -> None:
    _negate(e, _hall(e, 3), "beta")


@mutation("voting", "6.B", base=chained)
def challenge_of_a_range_proof_not_below_q(e: Election) -> None:
    field = _hall(e, 1).contest(MAYOR).fields[0]
    field.range_proof = replaced(field.range_proof, 0, exponent_bytes(Q))


@mutation("voting", "6.C", base=chained)
def response_of_a_range_proof_not_below_q(e: Election) -> None:
    field = _hall(e, 1).contest(COUNCIL).fields[1]
    field.range_proof = replaced(field.range_proof, 5, exponent_bytes(Q + 188))


@mutation("voting", "6.D", base=chained)
def two_votes_where_one_is_allowed(e: Election) -> None:
    """Enc(2) where R is 1, in a contest where the limit allows no second vote either; both options kept honest."""
    ballot = _hall(e, 1)
    secret = ballot.contests[COUNCIL]
    secret.values[0] = 3
    secret.values[1] = 0
    field = ballot.contest(COUNCIL).fields[0]
    alpha, beta = provers.encrypt(e.joint_key, 3, secret.nonces[0])
    field.alpha, field.beta = element_bytes(alpha), element_bytes(beta)
    other = ballot.contest(COUNCIL).fields[1]
    alpha, beta = provers.encrypt(e.joint_key, 0, secret.nonces[1])
    other.alpha, other.beta = element_bytes(alpha), element_bytes(beta)
    e.prove_option(ballot, COUNCIL, 1)
    e.prove_option(ballot, COUNCIL, 2)
    e.prove_limit(ballot, COUNCIL)
    _rehash(e)


@mutation("voting", "6.D", base=chained)
def negative_vote(e: Election) -> None:
    """Enc(-1) beside Enc(1): the sum is within the limit, the option is not within its own."""
    school = e.device("school")
    ballot = school.ballots[0]
    secret = ballot.contests[QUESTION]
    secret.values[:] = [-1, 1]
    for option, (field, value) in enumerate(zip(ballot.contest(QUESTION).fields, secret.values, strict=True), 1):
        alpha, beta = provers.encrypt(e.joint_key, value, secret.nonces[option - 1])
        field.alpha, field.beta = element_bytes(alpha), element_bytes(beta)
        e.prove_option(ballot, QUESTION, option)
    e.prove_limit(ballot, QUESTION)
    ballot.rehash()
    school.rechain(e.keys.h_e)


@mutation("voting", "6.D", base=chained)
def range_proof_on_a_challenged_ballot(e: Election) -> None:
    """The specification runs step 6 on cast ballots only; here it is run on all."""
    field = _hall(e, 2).contest(COUNCIL).fields[0]
    field.range_proof = flip(field.range_proof)


@mutation("voting", "6.structure", base=chained)
def range_proof_of_another_length(e: Election) -> None:
    field = _hall(e, 1).contest(MAYOR).fields[0]
    field.range_proof += bytes(64)


@mutation("voting", "6.structure", base=chained)
def unknown_ballot_style(e: Election) -> None:
    _hall(e, 3).message.ballot_style = "abroad"


@mutation("voting", "6.structure", base=chained)
def contest_missing(e: Election) -> None:
    del _hall(e, 3).message.contests[0]
    _rehash(e)


@mutation("voting", "6.structure", base=chained)
def contest_of_another_style(e: Election) -> None:
    ballot = _hall(e, 3)
    e.add_contest(ballot, e.manifest.contest(COUNCIL), [0, 0], "")
    contests = sorted(ballot.message.contests, key=lambda contest: contest.index)
    del ballot.message.contests[:]
    ballot.message.contests.extend(contests)
    _rehash(e)


@mutation("voting", "6.structure", base=chained)
def contests_out_of_order(e: Election) -> None:
    contests = _hall(e, 3).message.contests
    contests.extend([contests[0]])
    del contests[0]
    _rehash(e)


@mutation("voting", "6.structure", base=chained)
def contest_twice(e: Election) -> None:
    contests = _hall(e, 3).message.contests
    contests.insert(0, contests[0])
    _rehash(e)


@mutation("voting", "6.structure", base=chained)
def option_missing(e: Election) -> None:
    ballot = _hall(e, 3)
    del ballot.contest(MAYOR).fields[2]
    ballot.contests[MAYOR].values.pop()
    ballot.contests[MAYOR].nonces.pop()
    e.prove_limit(ballot, MAYOR)
    _rehash(e)


# ---- 7: limits


@mutation("voting", "7.B", base=chained)
def challenge_of_a_limit_proof_not_below_q(e: Election) -> None:
    contest = _hall(e, 1).contest(COUNCIL)
    contest.limit_proof = replaced(contest.limit_proof, 2, exponent_bytes(Q))


@mutation("voting", "7.C", base=chained)
def response_of_a_limit_proof_not_below_q(e: Election) -> None:
    contest = _hall(e, 1).contest(COUNCIL)
    contest.limit_proof = replaced(contest.limit_proof, 7, exponent_bytes(Q))


@mutation("voting", "7.D", base=chained)
def too_many_votes_in_a_contest(e: Election) -> None:
    """Two votes for two options where L is 1: each option is within its own limit."""
    ballot = _hall(e, 4)
    secret = ballot.contests[QUESTION]
    secret.values[:] = [1, 1]
    for option, field in enumerate(ballot.contest(QUESTION).fields, 1):
        alpha, beta = provers.encrypt(e.joint_key, 1, secret.nonces[option - 1])
        field.alpha, field.beta = element_bytes(alpha), element_bytes(beta)
        e.prove_option(ballot, QUESTION, option)
    e.prove_limit(ballot, QUESTION)
    _rehash(e)


@mutation("voting", "7.structure", base=chained)
def limit_proof_of_another_length(e: Election) -> None:
    contest = _hall(e, 1).contest(COUNCIL)
    contest.limit_proof = contest.limit_proof[:-64]


@mutation("voting", "7.structure", base=chained)
def proofs_of_supplemental_fields(e: Election) -> None:
    _hall(e, 3).contest(MAYOR).undervote_difference_proof = bytes(64)


# ---- 8: hashes, codes, chains


@mutation("voting", "8.A", base=chained)
def another_contest_hash(e: Election) -> None:
    contest = _hall(e, 1).contest(COUNCIL)
    contest.contest_hash = flip(contest.contest_hash)
    _rechain(e)


@mutation("voting", "8.B", base=chained)
def another_confirmation_code(e: Election) -> None:
    message = _hall(e, 4).message
    message.confirmation_code = flip(message.confirmation_code)
    _rechain(e, after=4)


@mutation("voting", "8.C", base=chained)
def device_under_another_name(e: Election) -> None:
    e.device("hall").header.device_id = "Hall"


@mutation("voting", "8.D", base=unchained)
def chaining_field_of_another_device(e: Election) -> None:
    ballot = _hall(e, 1)
    ballot.message.chaining_field = index_bytes(0) + e.device("school").header.h_di
    ballot.recode()


@mutation("voting", "8.D", base=unchained)
def chained_ballot_where_nothing_is_chained(e: Election) -> None:
    ballot = _hall(e, 4)
    ballot.message.chaining_field = index_bytes(1) + e.device("hall").header.h_di
    ballot.recode()


@mutation("voting", "8.E", base=chained)
def ballot_that_skips_the_one_before_it(e: Election) -> None:
    ballot = _hall(e, 3)
    ballot.message.chaining_field = index_bytes(1) + _hall(e, 1).message.confirmation_code
    ballot.recode()
    _rechain(e, after=3)


@mutation("voting", "8.E", base=chained)
def ballots_swapped(e: Election) -> None:
    hall = e.device("hall")
    hall.ballots[2], hall.ballots[3] = hall.ballots[3], hall.ballots[2]
    hall.rechain(e.keys.h_e, after=4)


@mutation("voting", "8.F", base=chained)
def another_initial_hash(e: Election) -> None:
    hall = e.device("hall")
    hall.header.initial_hash = flip(hall.header.initial_hash)
    _rechain(e)


@mutation("voting", "8.G", base=chained)
def another_closing_hash(e: Election) -> None:
    hall = e.device("hall")
    hall.close.closing_hash = flip(hall.close.closing_hash)


@mutation("voting", "8.G", base=chained)
def closing_over_another_code(e: Election) -> None:
    close = e.device("hall").close
    close.closing_chaining_field = flip(close.closing_chaining_field)
    close.closing_hash = hash_h(e.keys.h_e, 0x29, close.closing_chaining_field)


@mutation(
    "voting",
    "8.G",
    "8.structure",
    base=chained,
    why="the close both names the code of the dropped ballot and counts it",
)
def last_ballot_dropped(e: Election) -> None:
    del e.device("hall").ballots[3]


@mutation("voting", "8.structure", base=chained)
def close_that_counts_another_number(e: Election) -> None:
    e.device("hall").close.ballot_count += 1


@mutation("voting", "8.structure", base=unchained)
def initial_hash_without_chaining(e: Election) -> None:
    e.device("hall").header.initial_hash = bytes(32)


@mutation("voting", "8.structure", base=unchained)
def closing_without_chaining(e: Election) -> None:
    e.device("hall").close.closing_hash = bytes(32)


@mutation("voting", "8.structure", base=unchained)
def device_that_states_another_chaining_mode(e: Election) -> None:
    e.device("hall").header.chaining_mode = 1


@mutation("voting", "8.structure", base=chained)
def contest_data_missing(e: Election) -> None:
    _hall(e, 3).contest(QUESTION).ClearField("contest_data")
    _rehash(e)


@mutation("voting", "8.structure", base=chained)
def contest_data_of_another_length(e: Election) -> None:
    ballot = _hall(e, 3)
    e.encrypt_data(ballot, QUESTION, bytes(96))
    _rehash(e)


@mutation("voting", "8.structure", base=chained)
def contest_data_where_the_manifest_has_none(e: Election) -> None:
    ballot = _hall(e, 3)
    e.encrypt_data(ballot, MAYOR, bytes(64))
    _rehash(e)


@mutation("voting", "8.structure", base=chained)
def contest_data_not_below_p(e: Election) -> None:
    _hall(e, 3).contest(QUESTION).contest_data.c0 = element_bytes(P)
    _rehash(e)


@mutation("voting", "8.structure", base=chained)
def contest_data_response_not_below_q(e: Election) -> None:
    data = _hall(e, 3).contest(QUESTION).contest_data
    data.c2 = replaced(data.c2, 1, exponent_bytes(Q))
    _rehash(e)


# ---- hardening: proofs of knowledge, and elements raised to secrets


@mutation("voting", "12.structure", base=chained)
def contest_data_without_knowledge_of_its_nonce(e: Election) -> None:
    """A ballot cannot carry somebody else's C0: the proof (69) fails, which no numbered check looks at."""
    data = _hall(e, 1).contest(QUESTION).contest_data
    data.c2 = flip(data.c2)
    _rehash(e)


def _prove_data(e: Election, ballot: Ballot) -> None:
    data, secret = ballot.contest(QUESTION).contest_data, ballot.contests[QUESTION]
    assert secret.data_nonce is not None
    data.c2 = provers.knowledge_proof(
        ballot.message.h_i,
        0x27,
        index_bytes(QUESTION),
        number(data.c0),
        data.c1,
        secret.data_nonce,
        provers.all_even,
    )


@mutation("voting", "12.structure", base=chained)
def negated_contest_data(e: Election) -> None:
    """-C0 with a proof (69) that holds, since its challenge is even."""
    ballot = _hall(e, 3)
    data = ballot.contest(QUESTION).contest_data
    data.c0 = element_bytes(P - number(data.c0))
    _prove_data(e, ballot)
    _rehash(e)


@mutation("voting", "13.structure", base=chained)
def nonce_without_knowledge_of_its_exponent(e: Election) -> None:
    """The proof (38), which no numbered check looks at."""
    nonce = _hall(e, 1).message.encrypted_ballot_nonce
    nonce.c2 = flip(nonce.c2)


@mutation("voting", "13.structure", base=chained)
def negated_nonce(e: Election) -> None:
    """-C0 with a proof (38) that holds: guardians would raise an element outside the group to their secret."""
    ballot = _hall(e, 1)
    nonce = provers.random_q()
    c0 = P - provers.power(provers.G, nonce)
    c1 = bytes(32)
    c2 = provers.knowledge_proof(ballot.message.h_i, 0x23, b"", c0, c1, nonce, provers.all_even)
    ballot.message.encrypted_ballot_nonce.CopyFrom(pb.HashedCiphertext(c0=element_bytes(c0), c1=c1, c2=c2))


@mutation("voting", "13.structure", base=chained)
def nonce_of_zero(e: Election) -> None:
    """C0 = 0 gives a = 0 whatever the response is, so that the proof (38) holds."""
    message = _hall(e, 1).message
    c = provers.hash_q(message.h_i, 0x23, bytes(512), bytes(512), bytes(32))
    nonce = pb.HashedCiphertext(c0=bytes(512), c1=bytes(32), c2=exponent_bytes(c) + bytes(32))
    message.encrypted_ballot_nonce.CopyFrom(nonce)


@mutation("voting", "13.structure", base=chained)
def nonce_not_below_p(e: Election) -> None:
    _hall(e, 1).message.encrypted_ballot_nonce.c0 = element_bytes(P + 2)


@mutation("voting", "13.structure", base=chained)
def nonce_missing(e: Election) -> None:
    _hall(e, 3).message.ClearField("encrypted_ballot_nonce")


@mutation("voting", "9.structure", base=chained)
def ballot_of_no_weight(e: Election) -> None:
    _hall(e, 4).message.weight = 0
