"""electionguard 1.4 at the same work, run by the Python of .venv-bench, driven by lines on standard input.

`encrypt N` makes N selections, 0 and 1 in turn: elgamal_encrypt and make_disjunctive_chaum_pedersen, which do not
verify themselves; `verify N` checks N proofs with is_valid. The answer: processor time of one, in milliseconds.
"""

import dataclasses
import sys
import time
from typing import Any


def allow_mutable_defaults() -> None:
    """Python 3.11 refuses dataclass instances without a hash as defaults, and electionguard 1.4 has some.

    Gives every dataclass that has no hash the one of its identity while the package is imported.
    """
    process_class = dataclasses._process_class

    def with_hash(cls: type, *arguments: Any, **keywords: Any) -> type:
        made = process_class(cls, *arguments, **keywords)
        if made.__hash__ is None:
            made.__hash__ = object.__hash__
        return made

    dataclasses._process_class = with_hash


def main() -> None:
    """Answer until standard input ends."""
    allow_mutable_defaults()
    from electionguard.chaum_pedersen import make_disjunctive_chaum_pedersen
    from electionguard.elgamal import elgamal_encrypt, elgamal_keypair_random
    from electionguard.group import rand_q
    from electionguard.logs import ElectionGuardLog

    for level in ("debug", "info", "warn", "error", "critical"):
        setattr(ElectionGuardLog, level, lambda *_arguments, **_keywords: None)

    key = elgamal_keypair_random().public_key
    base_hash, seed = rand_q(), rand_q()

    def encrypt(value: int) -> tuple[Any, Any]:
        nonce = rand_q()
        ciphertext = elgamal_encrypt(value, nonce, key)
        return ciphertext, make_disjunctive_chaum_pedersen(ciphertext, nonce, key, base_hash, seed, value)

    made = [encrypt(number % 2) for number in range(4)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        operation, count = line.split()
        started = time.process_time()
        if operation == "encrypt":
            for number in range(int(count)):
                encrypt(number % 2)
        elif operation == "verify":
            for number in range(int(count)):
                ciphertext, proof = made[number % len(made)]
                if not proof.is_valid(ciphertext, key, base_hash):
                    sys.exit("electionguard 1.4 refuses its own proof")
        else:
            sys.exit(f"what is {operation}?")
        sys.stdout.write(f"{(time.process_time() - started) * 1000 / int(count)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
