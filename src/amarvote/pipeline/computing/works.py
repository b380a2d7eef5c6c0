"""Every kind of work that a child does, by the kind of the message that asks for it."""

from collections.abc import Callable

from amarvote.pipeline.computing.accept import accept
from amarvote.pipeline.computing.aggregate import aggregate, merge
from amarvote.pipeline.computing.combine import combine
from amarvote.pipeline.computing.kit import Kit
from amarvote.pipeline.computing.setup import setup
from amarvote.pipeline.computing.trial import trial
from amarvote.pipeline.computing.verify import make_plan, verify, verify_merge
from amarvote.pipeline.computing.writing import segment, toc
from amarvote.pipeline.messages import Message

WORKS: dict[str, Callable[[Kit, Message], Message]] = {
    "accept": accept,
    "aggregate": aggregate,
    "combine": combine,
    "merge": merge,
    "plan": make_plan,
    "segment": segment,
    "setup": setup,
    "toc": toc,
    "trial": trial,
    "verify": verify,
    "verify_merge": verify_merge,
}
