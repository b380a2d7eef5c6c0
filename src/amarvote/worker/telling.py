"""What a worker logs of a chunk: a line when it begins, one when it ends; lines meanwhile say whose they are."""

import logging

from structlog.contextvars import bind_contextvars, unbind_contextvars

from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.watch import Memory, Watch

log = logging.getLogger(__name__)


class Telling(Watch):
    """Memory is that of parent and child together."""

    def __init__(self) -> None:
        self._before = Memory(0, 0)

    def claimed(self, claim: Claim, before: Memory) -> None:
        """An attempt begins."""
        self._before = before
        bind_contextvars(
            election=claim.election_id, phase=claim.phase, chunk=claim.chunk_id, attempt=claim.attempt
        )
        log.info("a chunk begins", extra={"before_kb": before.both_kb})

    def ended(self, claim: Claim, outcome: str, seconds: float, peak: Memory, after: Memory) -> None:  # noqa: ARG002
        """It ended."""
        told = {"outcome": outcome, "seconds": round(seconds, 3), "before_kb": self._before.both_kb}
        log.info("a chunk ends", extra={**told, "peak_kb": peak.both_kb, "after_kb": after.both_kb})
        unbind_contextvars("election", "phase", "chunk", "attempt")
