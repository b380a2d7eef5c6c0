"""Signed statements: the statement itself, and its signature where the record says by which key."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

from amarvote.record.items import SignedStatement

ECDSA_P256 = "ecdsa-p256-sha256"
ED25519 = "ed25519"
RSA_PSS = "rsa-pss-sha256"
X509_CMS = "x509-cms-detached"

MAX_KEY_BYTES = 64 * 1024
MAX_RSA_BITS = 8192

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


class SignatureProblem(Exception):  # noqa: N818 - a sentence about a signature
    """The signature does not hold."""


class NotChecked(Exception):  # noqa: N818 - a sentence about a signature
    """The signature cannot be checked here; it says nothing for or against the record."""


def check_signature(signed: SignedStatement) -> None:
    """Raise SignatureProblem for a signature that does not hold, NotChecked for one that cannot be judged.

    A good signature says that whoever holds the key stated in the record signed; whose key that is, the record
    cannot prove.
    """
    if signed.algorithm == X509_CMS:
        raise NotChecked(f"signatures of kind {X509_CMS} are not supported")
    if signed.algorithm not in (ECDSA_P256, ED25519, RSA_PSS):
        raise SignatureProblem(f"the algorithm {signed.algorithm[:60]!r} is none that a record may use")
    if not signed.signer_key:
        raise NotChecked("the record does not carry the signer's key")
    key = _public_key(signed.signer_key)
    try:
        if signed.algorithm == ECDSA_P256 and isinstance(key, EllipticCurvePublicKey):
            if not isinstance(key.curve, SECP256R1):
                raise SignatureProblem("the signer's key is not on the curve P-256")
            key.verify(signed.signature, signed.statement, ECDSA(SHA256()))
        elif signed.algorithm == ED25519 and isinstance(key, Ed25519PublicKey):
            key.verify(signed.signature, signed.statement)
        elif signed.algorithm == RSA_PSS and isinstance(key, RSAPublicKey):
            if key.key_size > MAX_RSA_BITS:
                raise NotChecked(f"RSA keys of more than {MAX_RSA_BITS} bits are not supported")
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(signed.signature, signed.statement, pss, SHA256())
        else:
            raise SignatureProblem(f"the signer's key is not one for {signed.algorithm}")
    except InvalidSignature:
        raise SignatureProblem("the signature does not hold") from None


def _public_key(data: bytes) -> PublicKey:
    """The key, out of a SubjectPublicKeyInfo or a certificate (the first of several), in DER or PEM."""
    if len(data) > MAX_KEY_BYTES:
        raise NotChecked(f"the signer's key has more than {MAX_KEY_BYTES} bytes")
    for load in (
        load_der_public_key,
        load_pem_public_key,
        lambda one: load_der_x509_certificate(one).public_key(),
        lambda one: load_pem_x509_certificates(one)[0].public_key(),
    ):
        try:
            key = load(data)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if isinstance(key, PublicKey):
            return key
    raise NotChecked("the signer's key is in a form that is not supported")
