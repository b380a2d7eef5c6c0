"""Mutations of the tally, and of what was decrypted: totals, contest data, challenged ballots (steps 9 to 14)."""

from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.parameters import G, P, Q
from amarvote.record import egrf_pb2 as pb
from conformance import provers
from conformance.elections import Election, chained, elements, number, set_up
from conformance.mutations import flip, mutation, replaced
from conformance.provers import power

MAYOR, COUNCIL, QUESTION = 1, 2, 3


def _without_town() -> Election:
    """An election in which nobody votes on the council."""
    e = set_up(0)
    e.add_device("hall", [e.encrypt("country", {"mayor": {"ada": 1}}), e.encrypt("country", {})])
    e.aggregate()
    e.finish()
    return e


# ---- 9: the encrypted tally


@mutation("aggregated", "9.A", base=chained)
def a_shifted_by_one_vote(e: Election) -> None:
    """A / g decrypts to one vote more, with a proof that holds."""
    tally = e.tally[0]
    a = elements(tally.fields)[0]
    tally.fields = replaced(tally.fields, 0, element_bytes(a * power(G, -1) % P))


@mutation("aggregated", "9.B", base=chained)
def b_shifted_by_one_vote(e: Election) -> None:
    """B K decrypts to one vote more, with a proof that holds."""
    tally = e.tally[1]
    b = elements(tally.fields)[3]
    tally.fields = replaced(tally.fields, 3, element_bytes(b * e.joint_key % P))


@mutation("final", "9.A", base=chained)
def a_not_below_p(e: Election) -> None:
    """10.B is not evaluable for that option then."""
    e.tally[0].fields = replaced(e.tally[0].fields, 2, element_bytes(P))


@mutation(
    "final",
    "9.A",
    "9.B",
    "9.structure",
    "R.summary",
    base=chained,
    why="a ballot that was not added in is missing from every product, from contests' weights and from the sums",
)
def ballot_left_out_of_the_tally(e: Election) -> None:
    message = e.device("hall").ballots[3].message
    message.status = pb.BALLOT_STATUS_SPOILED
    e.aggregate()
    e.finish()
    message.status = pb.BALLOT_STATUS_CAST


@mutation("aggregated", "9.structure", base=chained)
def contest_with_another_weight(e: Election) -> None:
    e.tally[2].cast_weight += 1


@mutation("aggregated", "9.structure", base=chained)
def option_too_many_in_the_tally(e: Election) -> None:
    """The options beyond the manifest's have nothing to be compared with."""
    e.tally[2].fields += element_bytes(1) * 2


@mutation(
    "final",
    "9.structure",
    base=chained,
)
def contest_missing_in_the_encrypted_tally(e: Election) -> None:
    """Its totals are there; 10.B has nothing to be computed from, and is not evaluable."""
    del e.tally[2]


@mutation("aggregated", "R.summary", base=chained)
def header_that_counts_another_number(e: Election) -> None:
    e.tally_header.cast_ballot_count += 1


@mutation("aggregated", "R.summary", base=chained)
def header_with_another_weight(e: Election) -> None:
    e.tally_header.total_cast_weight -= 1


# ---- 10, 11: totals


@mutation("final", "10.A", base=chained)
def response_of_a_total_not_below_q(e: Election) -> None:
    field = e.decrypted[0].fields[0]
    field.proof = replaced(field.proof, 1, exponent_bytes(Q))


@mutation("final", "10.B", base=chained)
def proof_of_a_total_that_does_not_hold(e: Election) -> None:
    field = e.decrypted[0].fields[0]
    field.proof = flip(field.proof)


@mutation("final", "10.B", base=chained)
def challenge_of_a_total_not_below_q(e: Election) -> None:
    field = e.decrypted[1].fields[0]
    field.proof = replaced(field.proof, 0, exponent_bytes(Q))


@mutation("final", "10.B", base=chained)
def another_total_without_a_proof(e: Election) -> None:
    """T = K^t for one vote more: what a guardian's altered share would come to."""
    field = e.decrypted[0].fields[1]
    field.tally += 1
    field.encoded_tally = element_bytes(power(e.joint_key, field.tally))


@mutation("final", "10.C", base=chained)
def total_that_is_not_the_logarithm(e: Election) -> None:
    e.decrypted[0].fields[2].tally += 1


@mutation("final", "10.C", base=chained)
def encoded_total_not_below_p(e: Election) -> None:
    e.decrypted[0].fields[2].encoded_tally = element_bytes(P)


@mutation("final", "10.C", base=chained)
def encoded_total_of_zero(e: Election) -> None:
    e.decrypted[0].fields[2].encoded_tally = bytes(512)


@mutation("final", "10.structure", base=_without_town)
def contest_that_nobody_voted_on_is_not_decrypted(e: Election) -> None:
    del e.decrypted[1]


@mutation("final", "11.A", base=chained)
def total_of_a_contest_that_is_not_there(e: Election) -> None:
    e.decrypted[1].label = "sheriff"


@mutation("final", "11.B", base=chained)
def total_of_an_option_that_is_not_there(e: Election) -> None:
    e.decrypted[0].fields[1].label = "edsger"


@mutation("final", "11.C", base=chained)
def option_without_a_total(e: Election) -> None:
    del e.decrypted[0].fields[1]


@mutation(
    "final",
    "11.D",
    "10.structure",
    base=chained,
    why="a contest that ballots have and the decrypted tally has not is one that the manifest has, too",
)
def contest_that_people_voted_on_is_not_decrypted(e: Election) -> None:
    del e.decrypted[1]


@mutation("final", "11.structure", base=chained)
def labels_of_two_options_swapped(e: Election) -> None:
    fields = e.decrypted[0].fields
    fields[0].label, fields[2].label = fields[2].label, fields[0].label


@mutation("final", "11.structure", base=chained)
def labels_of_two_contests_swapped(e: Election) -> None:
    """Contests are found by index; the label beside it is then another one's."""
    one, other = e.decrypted[0], e.decrypted[2]
    one.label, other.label = other.label, one.label


@mutation("final", "11.structure", base=chained)
def contest_decrypted_twice(e: Election) -> None:
    e.decrypted.insert(1, e.decrypted[0])


# ---- 12: contest data of cast ballots


@mutation("final", "12.A", base=chained)
def response_of_contest_data_not_below_q(e: Election) -> None:
    opening = e.data_openings[0]
    opening.proof = replaced(opening.proof, 1, exponent_bytes(Q))


@mutation("final", "12.B", base=chained)
def proof_of_contest_data_that_does_not_hold(e: Election) -> None:
    e.data_openings[0].proof = flip(e.data_openings[0].proof)


@mutation("final", "12.B", base=chained)
def challenge_of_contest_data_not_below_q(e: Election) -> None:
    opening = e.data_openings[0]
    opening.proof = replaced(opening.proof, 0, exponent_bytes(Q))


@mutation("final", "12.C", base=chained)
def other_contest_data(e: Election) -> None:
    e.data_openings[0].data = flip(e.data_openings[0].data)


@mutation("final", "12.structure", base=chained)
def negated_beta(e: Election) -> None:
    opening = e.data_openings[0]
    opening.beta = element_bytes(P - number(opening.beta))


@mutation("final", "12.structure", base=chained)
def beta_not_below_p(e: Election) -> None:
    e.data_openings[0].beta = element_bytes(P)


@mutation("final", "12.structure", base=chained)
def contest_data_opened_that_nobody_asked_for(e: Election) -> None:
    e.requests.clear()


@mutation("final", "12.structure", base=chained)
def contest_data_asked_for_and_not_opened(e: Election) -> None:
    e.data_openings.clear()


@mutation("final", "12.structure", base=chained)
def contest_data_of_a_challenged_ballot(e: Election) -> None:
    hall = e.device("hall")
    e.requests.clear()
    e.request_contest_data(hall.locator(2), hall.ballots[1], QUESTION)
    e.data_openings = [e.open_data(e.requests[0])]


@mutation("final", "12.structure", base=chained)
def contest_data_of_a_ballot_that_is_not_there(e: Election) -> None:
    for item in (e.requests[0], e.data_openings[0]):
        item.ballot.position = 99


@mutation("final", "12.structure", base=chained)
def contest_data_under_the_identifier_hash_of_another_ballot(e: Election) -> None:
    other = e.device("hall").ballots[3].message.h_i
    e.requests[0].h_i = e.data_openings[0].h_i = other


# ---- 13, 14: challenged ballots


def _opened(e: Election) -> pb.ChallengedBallotDecryption:
    """The opening of the town's challenged ballot; devices stand in the order of their hashes, which differs."""
    hall = e.device("hall").header.h_di
    return next(opening for opening in e.openings if opening.ballot.h_di == hall)


@mutation("final", "13.A", base=chained)
def other_data_in_an_opened_ballot(e: Election) -> None:
    data = _opened(e).contests[2].contest_data
    data.data = flip(data.data)


@mutation("final", "13.A", base=chained)
def other_nonce_of_contest_data_in_an_opened_ballot(e: Election) -> None:
    """Another nonce, and the data that it unmasks: alpha is not the C0 on the ballot."""
    opening = _opened(e)
    ballot = e.at(opening.ballot)
    nonce = provers.random_q()
    keys = provers.data_keystream(opening.h_i, QUESTION, power(G, nonce), power(e.joint_data_key, nonce), 2)
    data = opening.contests[2].contest_data
    data.nonce = exponent_bytes(nonce)
    data.data = provers.xor(ballot.contest(QUESTION).contest_data.c1, keys)


@mutation("final", "13.B", base=chained)
def other_nonce_in_an_opened_ballot(e: Election) -> None:
    field = _opened(e).contests[0].fields[1]
    field.nonce = flip(field.nonce)


@mutation("final", "13.B", base=chained)
def vote_moved_in_an_opened_ballot(e: Election) -> None:
    fields = _opened(e).contests[0].fields
    fields[0].value, fields[1].value = fields[1].value, fields[0].value


@mutation("final", "13.structure", base=chained)
def challenged_ballot_not_opened(e: Election) -> None:
    del e.openings[1]


@mutation("final", "13.structure", base=chained)
def cast_ballot_opened(e: Election) -> None:
    hall = e.device("hall")
    e.openings.append(e.open_ballot(hall.locator(1), hall.ballots[0]))
    e.openings.sort(key=lambda one: (one.ballot.h_di, one.ballot.position))


@mutation("final", "13.structure", base=chained)
def spoiled_ballot_opened(e: Election) -> None:
    hall = e.device("hall")
    e.openings.append(e.open_ballot(hall.locator(3), hall.ballots[2]))
    e.openings.sort(key=lambda one: (one.ballot.h_di, one.ballot.position))


@mutation("final", "13.structure", base=chained)
def opening_of_a_ballot_that_is_not_there(e: Election) -> None:
    opening = pb.ChallengedBallotDecryption()
    opening.CopyFrom(e.openings[-1])
    opening.ballot.position = 77
    e.openings.append(opening)


@mutation("final", "13.structure", base=chained)
def opening_of_a_device_that_is_not_there(e: Election) -> None:
    opening = pb.ChallengedBallotDecryption()
    opening.CopyFrom(e.openings[-1])
    opening.ballot.h_di = b"\xff" * 32
    e.openings.append(opening)


@mutation("final", "13.structure", base=chained)
def opening_without_a_ballot(e: Election) -> None:
    """The second opening's ballot then has none; an opening that could not be read keeps that from being said."""
    e.openings[1].ClearField("ballot")


@mutation("final", "13.structure", base=chained)
def opening_under_another_identifier_hash(e: Election) -> None:
    _opened(e).h_i = flip(_opened(e).h_i)


@mutation("final", "13.structure", base=chained)
def released_nonce_not_below_q(e: Election) -> None:
    _opened(e).contests[0].fields[0].nonce = exponent_bytes(Q)


@mutation("final", "13.structure", base=chained)
def contest_data_not_released(e: Election) -> None:
    _opened(e).contests[2].ClearField("contest_data")


@mutation("voting", "13.structure", base=chained)
def cast_ballot_relabelled_as_challenged(e: Election) -> None:
    """Somebody who has not the device's secret turns a cast ballot round, and makes one up (rule 2)."""
    message = e.device("school").ballots[0].message
    message.status = pb.BALLOT_STATUS_CHALLENGED
    message.ballot_ref = "challenge:" + "00" * 32


@mutation("final", "14.A", base=chained)
def opened_contest_that_is_not_there(e: Election) -> None:
    _opened(e).contests[1].label = "sheriff"


@mutation("final", "14.B", base=chained)
def contest_not_opened(e: Election) -> None:
    del _opened(e).contests[1]


@mutation("final", "14.C", base=chained)
def opened_option_that_is_not_there(e: Election) -> None:
    _opened(e).contests[0].fields[0].label = "edsger"


@mutation("final", "14.D", base=chained)
def option_not_opened(e: Election) -> None:
    del _opened(e).contests[0].fields[2]


@mutation(
    "final",
    "14.E",
    "13.B",
    base=chained,
    why="a value that the ballot cannot hold is not the one that its code stands for, unless its range proof is "
    "broken as well",
)
def opened_value_above_the_options_limit(e: Election) -> None:
    fields = _opened(e).contests[1].fields
    fields[0].value, fields[1].value = 3, 0


@mutation(
    "voting",
    "14.E",
    "6.D",
    base=chained,
    why="only a ballot whose range proof does not hold can truly hold such a value",
)
def challenged_ballot_that_holds_too_high_a_value(e: Election) -> None:
    _vote_council(e, [3, 0])


@mutation(
    "voting",
    "14.F",
    "7.D",
    base=chained,
    why="only a ballot whose limit proof does not hold can truly hold so many votes",
)
def challenged_ballot_that_holds_too_many_votes(e: Election) -> None:
    _vote_council(e, [2, 2])


def _vote_council(e: Election, values: list[int]) -> None:
    hall = e.device("hall")
    ballot = hall.ballots[1]
    secret = ballot.contests[COUNCIL]
    secret.values[:] = values
    for option, field in enumerate(ballot.contest(COUNCIL).fields, 1):
        alpha, beta = provers.encrypt(e.joint_key, values[option - 1], secret.nonces[option - 1])
        field.alpha, field.beta = element_bytes(alpha), element_bytes(beta)
        e.prove_option(ballot, COUNCIL, option)
    e.prove_limit(ballot, COUNCIL)
    ballot.rehash()
    hall.rechain(e.keys.h_e)


@mutation("final", "14.structure", base=chained)
def labels_of_two_opened_options_swapped(e: Election) -> None:
    fields = _opened(e).contests[0].fields
    fields[0].label, fields[1].label = fields[1].label, fields[0].label
