"""Signed statements about a record, for tests: devices' attestations and signatures over roots."""

import hashlib
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from amarvote.record import egrf_pb2 as pb
from conformance.elections import CLOSED_AT, Device, Election
from conformance.record_files import phase_root, root_of, stored

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def signed(statement: pb.RecordItem, key: Key | None = None, *, with_key: bool = True) -> pb.SignedStatement:
    """A statement under a signature of the kind that fits the key (ECDSA over P-256 by default)."""
    data = statement.SerializeToString(deterministic=True)
    key = key or ec.generate_private_key(ec.SECP256R1())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm, signature = "ecdsa-p256-sha256", key.sign(data, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm, signature = "ed25519", key.sign(data)
    else:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        algorithm, signature = "rsa-pss-sha256", key.sign(data, pss, hashes.SHA256())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pb.SignedStatement(
        statement=data, algorithm=algorithm, signer_key=public if with_key else b"", signature=signature
    )


def codes_root(device: Device, count: int | None = None) -> bytes:
    """The root over the confirmation codes of a device, or of its first ballots."""
    return root_of(
        [
            pb.RecordItem(
                confirmation_code_leaf=pb.ConfirmationCodeLeaf(code=ballot.message.confirmation_code)
            ).SerializeToString()
            for ballot in device.ballots[:count]
        ]
    )


def chain_close(e: Election, device: Device) -> pb.ChainCloseStatement:
    """What the device says when it closes."""
    statement = pb.ChainCloseStatement(
        h_e=e.keys.h_e,
        device_key=device.key,
        device_id=device.header.device_id,
        chaining_mode=device.header.chaining_mode,
        ballot_count=len(device.ballots),
        codes_root=codes_root(device),
        closing_hash=device.close.closing_hash,
    )
    statement.closed_at.seconds = CLOSED_AT
    return statement


def section_seal(e: Election, device: Device) -> pb.SectionSealStatement:
    """What the device says of its whole section."""
    items = [item.SerializeToString(deterministic=True) for item in device.items()]
    return pb.SectionSealStatement(
        h_e=e.keys.h_e, device_key=device.key, item_count=len(items), section_root=root_of(items)
    )


def checkpoint(e: Election, device: Device, count: int) -> pb.PrefixCheckpointStatement:
    """What the device says of its first ballots."""
    return pb.PrefixCheckpointStatement(
        h_e=e.keys.h_e, device_key=device.key, ballot_count=count, codes_root=codes_root(device, count)
    )


def attest(e: Election, *statements: pb.RecordItem, key: Key | None = None) -> None:
    """Add attestations, and bring all into their order."""
    e.attestations += [signed(statement, key) for statement in statements]

    def rank(one: pb.SignedStatement) -> tuple[bytes, int, bytes]:
        item = pb.RecordItem.FromString(one.statement)
        part = getattr(item, item.WhichOneof("item") or "")
        number = item.DESCRIPTOR.fields_by_name[item.WhichOneof("item") or ""].number
        return part.device_key, number, hashlib.sha256(one.statement).digest()

    e.attestations.sort(key=rank)


@cache
def _keys() -> tuple[Key, ...]:
    """One of each kind."""
    return (
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    )


def attest_everything(e: Election) -> Election:
    """Every kind of attestation: close, seal and a checkpoint for each device, with three kinds of keys."""
    keys = _keys()
    for device in e.devices:
        attest(e, pb.RecordItem(chain_close_statement=chain_close(e, device)), key=keys[0])
        attest(e, pb.RecordItem(section_seal_statement=section_seal(e, device)), key=keys[1])
        attest(e, pb.RecordItem(prefix_checkpoint_statement=checkpoint(e, device, 1)), key=keys[2])
    return e


def record_statement(e: Election, phase: int = 4) -> pb.RecordStatement:
    """What a signer says of the root of a phase."""
    root = phase_root(stored(e.sections()), phase)
    statement = pb.RecordStatement(
        phase=phase, root=root, h_e=e.keys.h_e, format_major=2, signer_role="election officer"
    )
    statement.signed_at.seconds = CLOSED_AT + 86400
    return statement


def sign(e: Election, phase: int = 4) -> Election:
    """Add a signature over the root of a phase."""
    e.signatures.append(signed(pb.RecordItem(record_statement=record_statement(e, phase))))
    return e
