"""The API in a process that can raise nothing to a power modulo anything. Only for tests.

python powerless_api.py [options of amarvote.api.serve]

Whoever tries meets an error, which stands in the log; before anything is served it is proven that none goes
through.
"""

import builtins
import sys
from contextlib import suppress

import gmpy2

SENTENCE = "something is raised to a power"


class PowerError(Exception):
    """Somebody tried."""


def refuse(*_):
    raise PowerError(SENTENCE)


def without_modulus(base, exponent, modulus=None):
    """The builtin `pow`, as far as it is no modular exponentiation."""
    return refuse() if modulus is not None else base**exponent


def forget_powers():
    """Before anybody imports any of these by name."""
    for name in dir(gmpy2):
        if name.startswith("powmod"):
            setattr(gmpy2, name, refuse)
    builtins.pow = without_modulus
    from amarvote.electionguard import fixed_base, multi_power, shared_base

    fixed_base.FixedBase.__init__ = fixed_base.FixedBase.power = refuse
    multi_power.multi_power = shared_base.shared_powers = refuse
    from amarvote.electionguard.engine import Engine

    for name in ("power", "powers", "powers_and_membership", "secret_powers", "multi_power", "outsiders"):
        setattr(Engine, name, refuse)


def prove_it():
    """End the process where anything still has powers."""
    from amarvote.electionguard import engine, lagrange

    own = engine.Engine()
    for attempt in (
        lambda: pow(3, 5, 7),
        lambda: gmpy2.powmod(3, 5, 7),
        lambda: engine.powmod(3, 5, 7),
        lambda: engine.powmod_sec(3, 5, 7),
        lambda: own.prepare(3),
        lambda: own.power(3, 5),
        lambda: own.powers(3, [5]),
        lambda: own.powers_and_membership(3, [5]),
        lambda: own.secret_powers([3], [5]),
        lambda: own.multi_power([3], [5]),
        lambda: own.outsiders([3]),
        lambda: lagrange.lagrange_weights([1, 2]),
    ):
        with suppress(PowerError):
            attempt()
            sys.exit("There are powers left.")


if __name__ == "__main__":
    forget_powers()
    prove_it()
    from amarvote.api.serve import main

    sys.exit(main())
