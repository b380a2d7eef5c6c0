"""Signatures over statements: every kind that a record may use, and everything that is wrong with one."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from amarvote.record.items import SignedStatement
from amarvote.record.verifier.signed import MAX_KEY_BYTES, NotChecked, SignatureProblem, check_signature

STATEMENT = b"what is said"
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def der(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "election officer")])
    now = datetime.datetime(2026, 11, 3, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, CURVE.public_key(), 1, now, now + datetime.timedelta(days=1))
    return builder.sign(CURVE, hashes.SHA256())


ECDSA_SIGNATURE = CURVE.sign(STATEMENT, ec.ECDSA(hashes.SHA256()))
GOOD = {
    "ecdsa": SignedStatement(STATEMENT, "ecdsa-p256-sha256", b"", der(CURVE), ECDSA_SIGNATURE),
    "ed25519": SignedStatement(STATEMENT, "ed25519", b"", der(EDWARDS), EDWARDS.sign(STATEMENT)),
    "rsa-pss": SignedStatement(
        STATEMENT, "rsa-pss-sha256", b"", der(RSA), RSA.sign(STATEMENT, PSS, hashes.SHA256())
    ),
    "pem": SignedStatement(
        STATEMENT,
        "ecdsa-p256-sha256",
        b"",
        CURVE.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        ECDSA_SIGNATURE,
    ),
    "certificate": SignedStatement(
        STATEMENT,
        "ecdsa-p256-sha256",
        b"",
        certificate().public_bytes(serialization.Encoding.DER),
        ECDSA_SIGNATURE,
    ),
    "certificate chain": SignedStatement(
        STATEMENT,
        "ecdsa-p256-sha256",
        b"",
        2 * certificate().public_bytes(serialization.Encoding.PEM),
        ECDSA_SIGNATURE,
    ),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_signature_is_taken(kind: str) -> None:
    check_signature(GOOD[kind])


@pytest.mark.parametrize("kind", GOOD)
def test_another_statement_is_not_what_was_signed(kind: str) -> None:
    good = GOOD[kind]
    other = SignedStatement(b"what is Said", good.algorithm, b"", good.signer_key, good.signature)

    with pytest.raises(SignatureProblem, match="does not hold"):
        check_signature(other)


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (SignedStatement(STATEMENT, "md5", b"", der(CURVE), ECDSA_SIGNATURE), "none that a record may use"),
        (SignedStatement(STATEMENT, "ed25519", b"", der(CURVE), ECDSA_SIGNATURE), "not one for ed25519"),
        (SignedStatement(STATEMENT, "ecdsa-p256-sha256", b"", der(CURVE), b""), "does not hold"),
        (
            SignedStatement(
                STATEMENT, "ecdsa-p256-sha256", b"", der(ec.generate_private_key(ec.SECP384R1())), b"x"
            ),
            "curve P-256",
        ),
    ],
)
def test_a_bad_signature_is_refused(signed: SignedStatement, reason: str) -> None:
    with pytest.raises(SignatureProblem, match=reason):
        check_signature(signed)


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (SignedStatement(STATEMENT, "x509-cms-detached", b"", der(CURVE), b"x"), "not supported"),
        (SignedStatement(STATEMENT, "ecdsa-p256-sha256", b"", b"", ECDSA_SIGNATURE), "does not carry"),
        (SignedStatement(STATEMENT, "ecdsa-p256-sha256", b"", b"\x30\x00", ECDSA_SIGNATURE), "form"),
        (SignedStatement(STATEMENT, "ecdsa-p256-sha256", b"", bytes(MAX_KEY_BYTES + 1), b"x"), "more than"),
    ],
)
def test_what_cannot_be_judged_is_not_called_bad(signed: SignedStatement, reason: str) -> None:
    with pytest.raises(NotChecked, match=reason):
        check_signature(signed)
