"""Mutations of parameters, manifest, guardians and joint keys (steps 1 to 4)."""

import json

from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.parameters import G, P, Q, R
from amarvote.record import egrf_pb2 as pb
from conformance import provers
from conformance.elections import Election, chained, elements, fill, set_up
from conformance.mutations import flip, mutation, replaced
from conformance.provers import power


def _refill(election: Election) -> Election:
    """All ballots anew, under keys that were changed."""
    election.devices, election.requests = [], []
    return fill(election)


def _keys_only() -> Election:
    return set_up(1)


@mutation("final", "1.A", base=chained)
def version_of_another_year(e: Election) -> None:
    e.parameters.version = b"v2.0.0".ljust(32, b"\0")


@mutation("final", "1.B", base=chained)
def another_modulus(e: Election) -> None:
    e.parameters.p = element_bytes(P - 2)


@mutation("final", "1.C", base=chained)
def another_order(e: Election) -> None:
    e.parameters.q = exponent_bytes(Q - 2)


@mutation("final", "1.D", base=chained)
def another_generator(e: Election) -> None:
    e.parameters.g = element_bytes(power(G, 2))


@mutation("final", "1.E", base=chained)
def another_parameter_hash(e: Election) -> None:
    e.parameters.h_p = flip(e.parameters.h_p)
    e.guardians = [e.make_guardian(i) for i in range(1, e.n + 1)]
    e.rehash_manifest()
    e.rehash_keys()


@mutation("final", "1.F", base=chained)
def another_base_hash(e: Election) -> None:
    e.manifest_file.h_b = flip(e.manifest_file.h_b)
    e.rehash_keys()


@mutation("final", "1.structure", base=chained)
def manifest_of_an_unknown_kind(e: Election) -> None:
    e.manifest_file.media_type = "application/json"


@mutation("final", "1.structure", base=chained)
def manifest_cut_short(e: Election) -> None:
    e.manifest_file.content = e.manifest_file.content[:-2]
    e.rehash_manifest()
    e.rehash_keys()


@mutation("final", "1.structure", base=chained)
def style_with_a_contest_that_is_not_there(e: Election) -> None:
    document = json.loads(e.manifest.raw)
    document["ballotStyles"][0]["contestIds"][0] = "sheriff"
    e.manifest_file.content = json.dumps(document).encode()
    e.rehash_manifest()
    e.rehash_keys()


@mutation("final", "1.structure", base=chained)
def supplemental_fields(e: Election) -> None:
    document = json.loads(e.manifest.raw)
    document["contests"][0]["supplementalFields"] = [{"id": "undervotes"}]
    e.manifest_file.content = json.dumps(document).encode()
    e.rehash_manifest()
    e.rehash_keys()


@mutation("final", "1.structure", base=chained)
def another_cofactor(e: Election) -> None:
    e.parameters.r = element_bytes(R - 1)


@mutation(
    "final",
    "1.structure",
    "2.structure",
    base=chained,
    why="a quorum above the number of guardians asks each for as many commitments, which they do not have",
)
def quorum_above_the_guardians(e: Election) -> None:
    e.parameters.k = 4
    e.rehash_parameters()
    e.rehash_manifest()
    e.rehash_keys()
    e.guardians = [e.make_guardian(i) for i in range(1, e.n + 1)]


@mutation("final", "2.A", base=chained)
def negated_commitment(e: Election) -> None:
    """-K_{2,1} with a proof that holds, since (-1)^c is 1 for an even c."""
    key = e.guardians[1]
    key.vote_commitments = replaced(key.vote_commitments, 1, element_bytes(P - elements(key.vote_commitments)[1]))
    e.prove_guardian(key, 2, provers.all_even)


@mutation("final", "2.A", base=chained)
def negated_communication_key(e: Election) -> None:
    key = e.guardians[0]
    key.kappa = element_bytes(P - elements(key.kappa)[0])
    e.prove_guardian(key, 1, provers.all_even)


@mutation("final", "2.A", base=chained)
def commitment_not_below_p(e: Election) -> None:
    key = e.guardians[1]
    key.data_commitments = replaced(key.data_commitments, 1, element_bytes(P + 1))


@mutation("final", "2.A", base=chained)
def guardian_missing(e: Election) -> None:
    del e.guardians[1]


@mutation("final", "2.A", base=chained)
def guardian_twice(e: Election) -> None:
    e.guardians[2] = e.guardians[1]


@mutation("final", "2.B", base=chained)
def response_not_below_q(e: Election) -> None:
    key = e.guardians[0]
    key.vote_proof = replaced(key.vote_proof, 2, exponent_bytes(Q))


@mutation("final", "2.B", base=chained)
def data_response_not_below_q(e: Election) -> None:
    key = e.guardians[0]
    key.data_proof = replaced(key.data_proof, 1, exponent_bytes(Q + 5))


@mutation("final", "2.C", base=chained)
def proof_of_another_secret(e: Election) -> None:
    e.guardians[2].vote_proof = flip(e.guardians[2].vote_proof)


@mutation("final", "2.C", base=chained)
def data_proof_of_another_secret(e: Election) -> None:
    e.guardians[0].data_proof = flip(e.guardians[0].data_proof)


@mutation("final", "2.C", base=chained)
def challenge_not_below_q(e: Election) -> None:
    key = e.guardians[0]
    key.vote_proof = replaced(key.vote_proof, 0, exponent_bytes(Q + 1))


@mutation(
    "final",
    "2.C",
    base=chained,
)
def proof_copied_from_another_guardian(e: Election) -> None:
    """A rogue key: guardian 3 shows the key of guardian 1 with its proof, which is bound to index 1."""
    copied = pb.GuardianPublicKey()
    copied.CopyFrom(e.guardians[0])
    copied.index = 3
    e.guardians[2] = copied
    e.secret = (2 * e.polynomials[0][0] + e.polynomials[1][0]) % provers.q
    e.data_secret = (2 * e.data_polynomials[0][0] + e.data_polynomials[1][0]) % provers.q
    e.make_keys()
    _refill(e)


@mutation("final", "2.structure", base=chained)
def commitment_too_many(e: Election) -> None:
    key = e.guardians[0]
    key.vote_commitments += element_bytes(power(G, 5))


@mutation("final", "2.structure", base=chained)
def response_missing(e: Election) -> None:
    e.guardians[1].data_proof = e.guardians[1].data_proof[:-32]


@mutation("final", "3.A", base=_keys_only)
def joint_key_with_a_stranger_in_it(e: Election) -> None:
    e.secret += 1
    e.make_keys()
    _refill(e)


@mutation("final", "3.B", base=_keys_only)
def joint_data_key_with_a_stranger_in_it(e: Election) -> None:
    e.data_secret += 1
    e.make_keys()
    _refill(e)


@mutation("final", "4.A", base=chained)
def another_extended_hash(e: Election) -> None:
    e.keys.h_e = flip(e.keys.h_e)


@mutation("final", "R.order", base=chained)
def guardians_out_of_order(e: Election) -> None:
    e.guardians[0], e.guardians[1] = e.guardians[1], e.guardians[0]
