"""A child that computes nothing: it sleeps for as long as the chunk says. Only for tests and figures."""

import sys
import time

from amarvote.pipeline import child
from amarvote.pipeline.computing.works import WORKS
from amarvote.pipeline.messages import Message


def empty(_kit, message):
    time.sleep(message.fields["seconds"])
    return Message("empty", {"slept": message.fields["seconds"]})


WORKS["empty"] = empty

if __name__ == "__main__":
    sys.exit(child.main())
