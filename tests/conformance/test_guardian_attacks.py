"""Attacks on ceremony and decryption by guardians, and by whoever carries their messages.

Each is tried as cleverly as the attacker could, refused, and the one to blame is named where there is one.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from gmpy2 import invert, mpz, powmod

from amarvote.electionguard.ballots import BallotStatus
from amarvote.electionguard.challenged_ballots import (
    ChallengedBallot,
    Question,
    answer_challenged,
    combine_challenged,
)
from amarvote.electionguard.decryption import (
    TallyCiphertext,
    TallyNotOpened,
    combine_decryption,
    respond_decryption,
    tally_ciphertexts,
)
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import (
    GuardianFault,
    KeyRefused,
    MessageRefused,
    ResponseRefused,
    RevealRefused,
    ShareRefused,
)
from amarvote.electionguard.guardian_proofs import VOTE_LABEL, key_challenge
from amarvote.electionguard.guardians import SchnorrProof
from amarvote.electionguard.identifier import ChallengeReferenceError, challenge_reference
from amarvote.electionguard.joint_keys import joint_keys
from amarvote.electionguard.joint_rounds import Answers, Reveal
from amarvote.electionguard.key_ceremony import (
    check_key_commitment,
    check_public_key,
    check_share,
    generate_secret,
    key_commitment,
    public_key,
    share_for,
)
from amarvote.electionguard.lagrange import lagrange_weights
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.share_encryption import decrypt_share, encrypt_share
from guardian_samples import (
    ENGINE,
    answers_of,
    ballot_of,
    ceremony,
    challenged,
    encrypted_tally,
    few_ciphertexts,
    first_round,
    locator,
)

q = int(Q)
HELD = ceremony()
H_P = HELD.context.h_p
U = (1, 2, 3)


def blamed(caught: pytest.ExceptionInfo[GuardianFault]) -> int:
    return caught.value.culprit


# The ceremony


def test_a_rogue_key_built_from_the_others() -> None:
    """Guardian 3 publishes K_3 = g^x / (K_1 K_2), so that it alone would know the joint secret x."""
    secret = generate_secret(3, 2)
    honest = public_key(ENGINE, H_P, secret)
    others, _ = joint_keys(ENGINE, HELD.keys[:2])
    rogue = replace(
        honest,
        vote_commitments=(
            honest.vote_commitments[0] * invert(others, P) % P,
            honest.vote_commitments[1],
        ),
    )
    assert joint_keys(ENGINE, [*HELD.keys[:2], rogue])[0] == honest.vote_commitments[0]
    # The best proof that it can make: with the secrets of the key before the division.
    nonces = (7, 8, 9)
    c = key_challenge(H_P, VOTE_LABEL, 3, rogue.vote_commitments, rogue.kappa, [powmod(G, u, P) for u in nonces])
    known = (*secret.vote_polynomial, secret.zeta)
    proof = SchnorrProof(c, tuple((u - c * s) % q for u, s in zip(nonces, known, strict=True)))
    with pytest.raises(KeyRefused, match=r"2\.C") as caught:
        check_public_key(ENGINE, H_P, 3, 2, replace(rogue, vote_proof=proof), 3)
    assert blamed(caught) == 3


def test_a_copied_key() -> None:
    """Guardian 3 sends guardian 1's key as its own: the proofs are bound to the index."""
    with pytest.raises(KeyRefused) as caught:
        check_public_key(ENGINE, H_P, 3, 2, replace(HELD.keys[0], index=3), 3)
    assert blamed(caught) == 3


def test_a_key_from_another_election() -> None:
    key = public_key(ENGINE, ceremony(4, 2).context.h_p, generate_secret(2, 2))
    with pytest.raises(KeyRefused, match=r"2\.C"):
        check_public_key(ENGINE, H_P, 3, 2, key, 2)


def test_a_key_chosen_after_seeing_the_others() -> None:
    promised = key_commitment(b"the canonical bytes of one key")
    with pytest.raises(KeyRefused) as caught:
        check_key_commitment(3, promised, b"the canonical bytes of another key")
    assert blamed(caught) == 3


def test_a_guardian_that_gives_two_guardians_shares_of_two_polynomials() -> None:
    other = generate_secret(1, 2)
    check_share(ENGINE, HELD.keys[0], 2, share_for(HELD.secrets[0], 2))
    with pytest.raises(ShareRefused, match="sent to guardian 3") as caught:
        check_share(ENGINE, HELD.keys[0], 3, share_for(other, 3))
    assert blamed(caught) == 1


def test_a_tampered_encrypted_share() -> None:
    """A bit flipped in the mask would flip a bit of the share; the proof covers the mask."""
    kappa, zeta = HELD.keys[1].kappa, HELD.secrets[1].zeta
    sent = encrypt_share(ENGINE, H_P, 1, 2, kappa, share_for(HELD.secrets[0], 2))
    tampered = replace(sent, c1=bytes([sent.c1[0] ^ 1]) + sent.c1[1:])
    with pytest.raises(ShareRefused) as caught:
        decrypt_share(ENGINE, H_P, zeta, kappa, tampered)
    assert blamed(caught) == 1


def test_a_share_passed_on_to_another_guardian_or_in_anothers_name() -> None:
    kappa, zeta = HELD.keys[1].kappa, HELD.secrets[1].zeta
    sent = encrypt_share(ENGINE, H_P, 1, 2, kappa, share_for(HELD.secrets[0], 2))
    for relayed in (replace(sent, receiver=3), replace(sent, sender=3)):
        with pytest.raises(ShareRefused):
            decrypt_share(ENGINE, H_P, zeta, kappa, relayed)
    with pytest.raises(ShareRefused):
        check_share(
            ENGINE,
            HELD.keys[0],
            3,
            decrypt_share(ENGINE, H_P, zeta, kappa, sent),
        )


# The tally

ITEMS = tally_ciphertexts(HELD.context, encrypted_tally(HELD.context, ((60, 40), (0, 300, 7))))[:3]
BEGUN = first_round(HELD, U, ITEMS)
HONEST = answers_of(HELD, U, ITEMS, BEGUN)


def combined(answers: dict[int, Answers], items: Sequence[TallyCiphertext] = ITEMS) -> list[int]:
    opened = combine_decryption(HELD.context, ENGINE, HELD.keys, U, items, answers)
    return [total.option.tally for total in opened]


def committed_to(guardian: int, reveals: list[Reveal], items: Sequence[TallyCiphertext] = ITEMS) -> list[bytes]:
    return [item.commitment(guardian, reveal, U) for item, reveal in zip(items, reveals, strict=True)]


def run_with(cheat: int, reveals: list[Reveal], nonces: list[int]) -> dict[int, Answers]:
    """A run in which guardian `cheat` commits to, reveals and answers for `reveals`; the others are honest."""
    all_reveals = {i: [one.reveal for one in BEGUN[i]] for i in U} | {cheat: reveals}
    commitments = {i: [one.commitment for one in BEGUN[i]] for i in U} | {cheat: committed_to(cheat, reveals)}
    begun = {
        **BEGUN,
        cheat: [
            replace(one, nonce=nonce, reveal=reveal, commitment=d)
            for one, nonce, reveal, d in zip(BEGUN[cheat], nonces, reveals, commitments[cheat], strict=True)
        ],
    }
    return {
        i: Answers(
            commitments[i],
            all_reveals[i],
            respond_decryption(HELD.context, ENGINE, HELD.shares[i], U, ITEMS, begun[i], commitments, all_reveals),
        )
        for i in U
    }


def test_the_honest_run_of_these_attacks() -> None:
    assert combined(HONEST) == [60, 40, 0]


def test_an_altered_share_that_would_move_votes() -> None:
    """Guardian 2 takes 7 votes from one option and gives them to another: M_2' = M_2 K^{±7/w_2}.

    It commits to the altered values from the start, so that only the proof of Note 3.7 is in its way.
    """
    k, weight = HELD.context.joint_key, lagrange_weights(U)[2]
    shift = 7 * pow(weight, -1, q) % q
    reveals = [one.reveal for one in BEGUN[2]]
    reveals[0] = replace(reveals[0], share=reveals[0].share * powmod(k, shift, P) % P)
    reveals[1] = replace(reveals[1], share=reveals[1].share * powmod(k, -shift, P) % P)
    answers = run_with(2, reveals, [one.nonce for one in BEGUN[2]])
    moved = [
        item.B
        * invert(
            ENGINE.multi_power(
                [answers[i].reveals[position].share for i in U], [lagrange_weights(U)[i] for i in U]
            ),
            P,
        )
        % P
        for position, item in enumerate(ITEMS[:2])
    ]
    assert moved == [powmod(k, 53, P), powmod(k, 47, P)], "the attack would have worked"
    with pytest.raises(ResponseRefused, match="contest 1, option 1") as caught:
        combined(answers)
    assert blamed(caught) == 2


def test_an_altered_share_with_announcements_to_match() -> None:
    """The same, guessing the challenge 0: b_2 is shifted too. It fits no other challenge."""
    reveals = [one.reveal for one in BEGUN[2]]
    shifted = reveals[0].share * HELD.context.joint_key % P
    reveals[0] = replace(reveals[0], share=shifted, b=powmod(shifted, BEGUN[2][0].nonce, P))
    with pytest.raises(ResponseRefused) as caught:
        combined(run_with(2, reveals, [one.nonce for one in BEGUN[2]]))
    assert blamed(caught) == 2


def test_a_negated_share() -> None:
    """Order 2: for an even challenge the equations hold; the total would vanish and nobody be to blame."""
    reveals = [one.reveal for one in BEGUN[2]]
    reveals[1] = replace(reveals[1], share=P - reveals[1].share)
    with pytest.raises(ResponseRefused, match="contest 1, option 2") as caught:
        combined(run_with(2, reveals, [one.nonce for one in BEGUN[2]]))
    assert blamed(caught) == 2


@pytest.mark.parametrize("element", [mpz(3), P - 1])
def test_a_share_outside_the_group(element: mpz) -> None:
    reveals = [one.reveal for one in BEGUN[3]]
    reveals[2] = replace(reveals[2], share=element)
    with pytest.raises(ResponseRefused, match="contest 2, option 1") as caught:
        combined(run_with(3, reveals, [one.nonce for one in BEGUN[3]]))
    assert blamed(caught) == 3


def test_a_share_of_another_secret() -> None:
    """Guardian 2 answers with the key of another ceremony, consistently in all rounds."""
    stranger = ceremony(number=2).shares[2]
    begun = {**BEGUN, 2: first_round(ceremony(number=2), U, ITEMS)[2]}
    commitments = {i: [one.commitment for one in begun[i]] for i in U}
    reveals = {i: [one.reveal for one in begun[i]] for i in U}
    answers = {
        i: Answers(
            commitments[i],
            reveals[i],
            respond_decryption(
                HELD.context,
                ENGINE,
                stranger if i == 2 else HELD.shares[i],
                U,
                ITEMS,
                begun[i],
                commitments,
                reveals,
            ),
        )
        for i in U
    }
    with pytest.raises(ResponseRefused) as caught:
        combined(answers)
    assert blamed(caught) == 2


def test_a_share_replayed_from_another_run() -> None:
    """All that guardian 3 said in an earlier run over the same tally, again."""
    earlier = HONEST[3]
    begun = {**first_round(HELD, U, ITEMS), 3: BEGUN[3]}
    commitments = {i: [one.commitment for one in begun[i]] for i in U}
    reveals = {i: [one.reveal for one in begun[i]] for i in U}
    answers = {
        i: Answers(
            commitments[i],
            reveals[i],
            respond_decryption(HELD.context, ENGINE, HELD.shares[i], U, ITEMS, begun[i], commitments, reveals),
        )
        for i in (1, 2)
    }
    with pytest.raises(ResponseRefused) as caught:
        combined({**answers, 3: earlier})
    assert blamed(caught) == 3


def test_a_share_replayed_from_a_run_with_other_guardians() -> None:
    """d_i binds the set of guardians: what was said among three is not what is said among two."""
    with pytest.raises(RevealRefused) as caught:
        combine_decryption(HELD.context, ENGINE, HELD.keys, (1, 2), ITEMS, {i: HONEST[i] for i in (1, 2)})
    assert blamed(caught) == 1


def test_a_share_replayed_for_another_ciphertext() -> None:
    """Guardian 2 says for one ciphertext what it said for another: as it was, then under a commitment to match."""
    other = few_ciphertexts(HELD.context, 5)
    begun = first_round(HELD, U, other)
    answers = answers_of(HELD, U, other, begun)
    old = replace(HONEST[2], commitments=HONEST[2].commitments[:1], reveals=HONEST[2].reveals[:1])
    with pytest.raises(RevealRefused) as caught:
        combined({**answers, 2: old}, other)
    assert blamed(caught) == 2
    begun[2] = [replace(BEGUN[2][0], commitment=d) for d in committed_to(2, list(HONEST[2].reveals[:1]), other)]
    with pytest.raises(ResponseRefused) as caught:
        combined(answers_of(HELD, U, other, begun), other)
    assert blamed(caught) == 2


def test_a_reveal_chosen_after_seeing_the_others() -> None:
    """Guardian 3 answers with other values than it committed to: nobody responds, and it is named."""
    later = [one.reveal for one in first_round(HELD, U, ITEMS)[3]]
    commitments = {i: [one.commitment for one in BEGUN[i]] for i in U}
    reveals = {i: [one.reveal for one in BEGUN[i]] for i in U} | {3: later}
    for i in (1, 2):
        with pytest.raises(RevealRefused) as caught:
            respond_decryption(HELD.context, ENGINE, HELD.shares[i], U, ITEMS, BEGUN[i], commitments, reveals)
        assert blamed(caught) == 3
    with pytest.raises(RevealRefused) as caught:
        combined({**HONEST, 3: replace(HONEST[3], reveals=later)})
    assert blamed(caught) == 3


def test_a_commitment_copied_from_another_guardian() -> None:
    """d_i binds the index i, so that nobody can echo another's nonce."""
    with pytest.raises(RevealRefused) as caught:
        combined({**HONEST, 2: HONEST[1]})
    assert blamed(caught) == 2


def test_a_second_challenge_for_the_same_nonces() -> None:
    """The service shows guardian 1 other reveals for its old commitment. Two answers would give away z_1.

    It has to break d_j for that; with fresh commitments of the others, guardian 1's own state is what stops it:
    an agent answers once for each run and ciphertext. Here: even the reveal that is not its own is refused.
    """
    fresh = first_round(HELD, U, ITEMS)
    old = {i: [one.commitment for one in BEGUN[i]] for i in U}
    shown = {i: [one.reveal for one in fresh[i]] for i in U} | {1: [one.reveal for one in BEGUN[1]]}
    with pytest.raises(RevealRefused) as caught:
        respond_decryption(HELD.context, ENGINE, HELD.shares[1], U, ITEMS, BEGUN[1], old, shown)
    assert blamed(caught) == 2
    ours = {i: [one.commitment for one in fresh[i]] for i in U}
    reveals = {i: [one.reveal for one in fresh[i]] for i in U}
    with pytest.raises(RevealRefused, match="relays other values"):
        respond_decryption(HELD.context, ENGINE, HELD.shares[1], U, ITEMS, BEGUN[1], ours, reveals)


def test_two_responses_to_two_challenges_would_give_the_secret_away() -> None:
    """Why a nonce answers once: v - v' = (c' - c) w z."""
    v, z, w, u, c, other = HONEST[1], HELD.shares[1].vote, lagrange_weights(U)[1], BEGUN[1][0].nonce, 11, 12
    first, second = (u - c * w * z) % q, (u - other * w * z) % q
    assert (first - second) * pow((other - c) * w, -1, q) % q == z
    assert v.responses[0] not in (first, second)


def test_silence() -> None:
    with pytest.raises(MessageRefused, match="Guardian 3: it has not delivered") as caught:
        combined({1: HONEST[1], 2: HONEST[2]})
    assert blamed(caught) == 3


def test_the_rest_carry_on_without_the_culprit() -> None:
    members = (1, 3)
    opened = combine_decryption(HELD.context, ENGINE, HELD.keys, members, ITEMS, answers_of(HELD, members, ITEMS))
    assert [total.option.tally for total in opened] == [60, 40, 0]


def test_less_than_a_quorum_opens_nothing() -> None:
    """Two of four with a quorum of three: what they can compute is not the tally."""
    held = ceremony(4, 3)
    items = few_ciphertexts(held.context, 5)
    weights = lagrange_weights((1, 2))
    power = ENGINE.multi_power(
        [powmod(items[0].A, held.shares[i].vote, P) for i in (1, 2)], [weights[i] for i in (1, 2)]
    )
    assert items[0].B * invert(power, P) % P != powmod(held.context.joint_key, 5, P)
    with pytest.raises(ElectionGuardError, match="takes 3 of 4"):
        first_round(held, (1, 2), items)


def test_a_tally_made_from_a_ballot_with_a_thousand_votes() -> None:
    """A thousand votes where a hundred ballots were cast: no share is wrong, and still no total comes out."""
    items = [replace(item, greatest=100) for item in few_ciphertexts(HELD.context, 1000)]
    with pytest.raises(TallyNotOpened, match="verify the record and aggregate again"):
        combined(answers_of(HELD, U, items), items)


# Challenged ballots

QUESTION = Question(b"r" * 32, b"1" * 32)
BALLOT = challenged(HELD, 1, {1: {1: 1}})


def test_a_cast_ballot_relabelled_as_challenged() -> None:
    """The server changes the status, and tries what it has for a secret: nothing, another's, the public id_B."""
    cast, _ = ballot_of(HELD, {1: {2: 1}})
    relabelled = replace(cast, status=BallotStatus.CHALLENGED)
    for reference in ("", BALLOT.ballot.ballot_ref, challenge_reference(cast.id_b)):
        asked = ChallengedBallot(locator(HELD, 7), replace(relabelled, ballot_ref=reference))
        for i in U:
            with pytest.raises(ChallengeReferenceError, match="stay closed"):
                answer_challenged(HELD.context, ENGINE, HELD.shares[i], QUESTION, [asked])


def test_a_challenged_ballot_that_carries_a_cast_ballots_nonce() -> None:
    """The server puts the encrypted nonce of a cast ballot into a challenged ballot that it made itself.

    Guardians would open the nonce of the cast one; but its proof (38) is bound to H_I.
    """
    cast, _ = ballot_of(HELD, {1: {2: 1}})
    bait = replace(BALLOT, ballot=replace(BALLOT.ballot, encrypted_nonce=cast.encrypted_nonce))
    with pytest.raises(ElectionGuardError, match=r"no valid proof \(38\)"):
        answer_challenged(HELD.context, ENGINE, HELD.shares[1], QUESTION, [bait])


def test_a_wrong_share_of_a_nonce() -> None:
    """Without the proof of rule 18 the ballot would open to nonsense and the voter's device would be blamed."""
    answers = {i: answer_challenged(HELD.context, ENGINE, HELD.shares[i], QUESTION, [BALLOT]) for i in U}
    altered = replace(answers[2][0], share=answers[2][0].share * G % P)
    with pytest.raises(ResponseRefused, match="challenged ballot 1") as caught:
        combine_challenged(HELD.context, ENGINE, HELD.keys, U, QUESTION, [BALLOT], {**answers, 2: [altered]})
    assert blamed(caught) == 2


def test_a_negated_share_of_a_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """-m_i with a proof that holds: tried until the challenge is even, for signs do not show in even powers."""
    answers = {i: answer_challenged(HELD.context, ENGINE, HELD.shares[i], QUESTION, [BALLOT]) for i in U}
    true_powers = ENGINE.secret_powers

    def negating(bases: Sequence[int], exponents: Sequence[int]) -> list[mpz]:
        power, a, b = true_powers(bases, exponents)
        return [P - power, a, b]

    monkeypatch.setattr(ENGINE, "secret_powers", negating)
    while True:
        (negated,) = answer_challenged(HELD.context, ENGINE, HELD.shares[2], QUESTION, [BALLOT])
        if negated.c % 2 == 0:
            break
    assert negated.share == P - answers[2][0].share
    with pytest.raises(ResponseRefused) as caught:
        combine_challenged(HELD.context, ENGINE, HELD.keys, U, QUESTION, [BALLOT], {**answers, 2: [negated]})
    assert blamed(caught) == 2


def test_a_share_of_a_nonce_replayed() -> None:
    """From another ballot, from another run, from another guardian."""
    other = challenged(HELD, 2, {1: {2: 1}})
    answers = {i: answer_challenged(HELD.context, ENGINE, HELD.shares[i], QUESTION, [BALLOT]) for i in U}
    later = Question(QUESTION.root, b"2" * 32)
    replays = (
        answer_challenged(HELD.context, ENGINE, HELD.shares[2], QUESTION, [other]),
        answer_challenged(HELD.context, ENGINE, HELD.shares[2], later, [BALLOT]),
        answers[1],
    )
    for replay in replays:
        with pytest.raises(ResponseRefused) as caught:
            combine_challenged(HELD.context, ENGINE, HELD.keys, U, QUESTION, [BALLOT], {**answers, 2: replay})
        assert blamed(caught) == 2
