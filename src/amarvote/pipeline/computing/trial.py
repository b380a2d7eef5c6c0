"""A trial: nothing is computed; that the answer comes back is what is wanted."""

from amarvote.pipeline.computing.kit import Kit
from amarvote.pipeline.messages import Message


def trial(kit: Kit, message: Message) -> Message:  # noqa: ARG001
    """Answer."""
    return Message("trial")
