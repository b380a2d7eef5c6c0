"""Sections 0x0001 to 0x0005: header, parameters, manifest, guardians, joint keys."""

from amarvote.electionguard.guardians import ElectionKeys, GuardianPublicKey, SchnorrProof
from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.manifest import MEDIA_TYPE
from amarvote.electionguard.parameters import VERSION, G, P, Q, R
from amarvote.record import egrf_pb2 as pb
from amarvote.record.canonical import encode_item
from amarvote.record.codec.widths import element, join_elements, join_exponents, split_elements, split_exponents
from amarvote.record.items import ManifestFile, Parameters, RecordHeader
from amarvote.record.sections import FORMAT_MAJOR, FORMAT_MINOR


def header_item() -> bytes:
    """The record's first item: the version of the format that we write."""
    return encode_item(
        pb.RecordItem(record_header=pb.RecordHeader(format_major=FORMAT_MAJOR, format_minor=FORMAT_MINOR))
    )


def read_header(item: pb.RecordItem) -> RecordHeader:
    """The version of the format."""
    part = item.record_header
    return RecordHeader(part.format_major, part.format_minor)


def parameters_item(n: int, k: int, h_p: bytes) -> bytes:
    """The standard parameters, guardian numbers and H_P (4)."""
    part = pb.Parameters(
        version=VERSION,
        p=element_bytes(P),
        q=exponent_bytes(Q),
        r=element_bytes(R),
        g=element_bytes(G),
        n=n,
        k=k,
        h_p=h_p,
    )
    return encode_item(pb.RecordItem(parameters=part))


def read_parameters(item: pb.RecordItem) -> Parameters:
    """The parameters that a record claims."""
    part = item.parameters
    return Parameters(
        part.version, element(part.p), element(part.q), element(part.r), element(part.g), part.n, part.k, part.h_p
    )


def manifest_item(content: bytes, h_b: bytes) -> bytes:
    """The manifest's exact bytes and H_B (5)."""
    part = pb.ManifestFile(media_type=MEDIA_TYPE, content=content, h_b=h_b)
    return encode_item(pb.RecordItem(manifest_file=part))


def read_manifest(item: pb.RecordItem) -> ManifestFile:
    """The manifest's bytes, what they claim to be, and the claimed H_B."""
    part = item.manifest_file
    return ManifestFile(part.media_type, part.content, part.h_b)


def guardian_item(key: GuardianPublicKey) -> bytes:
    """One guardian's public key with its proofs."""
    part = pb.GuardianPublicKey(
        index=key.index,
        vote_commitments=join_elements(key.vote_commitments),
        data_commitments=join_elements(key.data_commitments),
        kappa=element_bytes(key.kappa),
        vote_proof=_schnorr_bytes(key.vote_proof),
        data_proof=_schnorr_bytes(key.data_proof),
    )
    return encode_item(pb.RecordItem(guardian_public_key=part))


def read_guardian(item: pb.RecordItem) -> GuardianPublicKey:
    """One guardian's public key; the number of commitments and responses is as read."""
    part = item.guardian_public_key
    return GuardianPublicKey(
        part.index,
        split_elements(part.vote_commitments),
        split_elements(part.data_commitments),
        element(part.kappa),
        _read_schnorr(part.vote_proof),
        _read_schnorr(part.data_proof),
    )


def election_keys_item(keys: ElectionKeys) -> bytes:
    """The joint keys and H_E."""
    part = pb.ElectionKeys(k=element_bytes(keys.joint_key), k_hat=element_bytes(keys.joint_data_key), h_e=keys.h_e)
    return encode_item(pb.RecordItem(election_keys=part))


def read_election_keys(item: pb.RecordItem) -> ElectionKeys:
    """The joint keys and H_E that a record claims."""
    part = item.election_keys
    return ElectionKeys(element(part.k), element(part.k_hat), part.h_e)


def _schnorr_bytes(proof: SchnorrProof) -> bytes:
    return join_exponents((proof.challenge, *proof.responses))


def _read_schnorr(data: bytes) -> SchnorrProof:
    challenge, *responses = split_exponents(data)
    return SchnorrProof(challenge, tuple(responses))
