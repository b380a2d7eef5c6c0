"""The parent's side of its child: starting it, asking it, seeing whether it makes progress, replacing it."""

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue

from amarvote.pipeline import memory
from amarvote.pipeline.computing.asking import WANT
from amarvote.pipeline.messages import PAUSES, READY, SAID, Message, PipeError, read, write

STOP_SECONDS = 5.0
START_SECONDS = 60.0


class ChildDiedError(Exception):
    """The child ended while it was asked something, or before it was ready."""


class Computer:
    """One child process at a time. A thread of its own reads the answers, so that waiting has a time limit."""

    def __init__(self, program: tuple[str, ...] = ("-m", "amarvote.pipeline.child")) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[Message | None] = SimpleQueue()
        self._ticks = -1
        self._owes_answer = False
        self.peak_kb = 0
        """The greatest RSS of any child so far."""
        self.recent_peak_kb = 0
        """The same since `forget_peak`."""
        self.pauses: list[float] = []
        """How long collecting garbage held the child up each time, in seconds; whoever counts them empties it."""

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a child unless one lives; ChildDiedError where it does not come up.

        A child that still owes an answer is replaced: whoever asked has turned away, because the database failed
        meanwhile, and what it would answer must not be taken for the answer to the next question.
        """
        if self._owes_answer:
            self.stop()
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        self._process = subprocess.Popen(
            [sys.executable, *self._program, "--parent", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )
        self._answers = SimpleQueue()
        self._ticks = -1
        threading.Thread(target=_read_answers, args=(self._process, self._answers), daemon=True).start()
        try:
            first = self._answers.get(timeout=START_SECONDS)
        except Empty:
            self.kill()
            raise ChildDiedError(f"the computing process was not ready after {START_SECONDS:.0f} s") from None
        if first != Message(READY):
            raise ChildDiedError(self._epitaph())

    def ask(self, question: Message) -> None:
        """Hand the child its work, or what it wants for it.

        A thread writes: a child that stands still takes no more than a pipe holds.
        """
        process = self._process
        if process is None:
            raise ChildDiedError("there is no child")
        self._owes_answer = True
        threading.Thread(target=_write_question, args=(process, question), daemon=True).start()

    def answer(self, seconds: float) -> Message | None:
        """What the child answered, or wants; None where it has not within `seconds`.

        ChildDiedError where it never will.
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except Empty:
            return None
        if answer is None:
            self._answers.put(None)  # nor will there be any when this is asked again
            raise ChildDiedError(self._epitaph())
        self._owes_answer = answer.kind == WANT
        self.pauses += answer.fields.pop(PAUSES, [])
        for level, name, text in answer.fields.pop(SAID, []):
            logging.getLogger(name).log(level, "%s", text)
        return answer

    def moved(self) -> bool:
        """Has the child used the processor since this was asked last? A frozen one has not."""
        if self._process is None:
            return False
        before, self._ticks = self._ticks, memory.processor_ticks(self._process.pid)
        return self._ticks != before

    def resident_kb(self) -> int:
        """The child's RSS now; also notes its peak."""
        if self._process is None:
            return 0
        return self._note_peak(self._process.pid)

    def forget_peak(self) -> None:
        """Let `recent_peak_kb` begin anew."""
        self.recent_peak_kb = 0
        if self._process is not None:
            memory.forget_peak(self._process.pid)

    def _note_peak(self, pid: int) -> int:
        resident, peak = memory.held_kb(pid)
        self.recent_peak_kb = max(self.recent_peak_kb, peak)
        self.peak_kb = max(self.peak_kb, self.recent_peak_kb)
        return resident

    def stop(self) -> None:
        """End the child: by the end of its input or, where that does not help or it is at work, by killing it."""
        process, self._process = self._process, None
        working, self._owes_answer = self._owes_answer, False
        if process is None:
            return
        self._note_peak(process.pid)
        if working:
            process.kill()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def kill(self) -> None:
        """End the child in the middle of what it does."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def _epitaph(self) -> str:
        """How the child ended."""
        process = self._process
        if process is None:
            return "the computing process is gone"
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        code = process.returncode
        if code is not None and code < 0:
            return f"the computing process was killed by signal {-code}"
        return f"the computing process ended with code {code}"


def _environment() -> dict[str, str]:
    """The child's: without our settings, which hold passwords, for it computes what strangers sent."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AMARVOTE_", "OTEL_"))}
    return kept | memory.ENVIRONMENT


def _write_question(process: subprocess.Popen[bytes], question: Message) -> None:
    """Write it to the child's input; where the child ends over it, its answers end as well."""
    with suppress(OSError, ValueError):
        if process.stdin is not None:
            write(process.stdin, question)


def _read_answers(process: subprocess.Popen[bytes], answers: "SimpleQueue[Message | None]") -> None:
    """Pass every answer on; None once there will be no more."""
    stream = process.stdout
    with suppress(PipeError, OSError, ValueError):
        while stream is not None and (message := read(stream)) is not None:
            answers.put(message)
    answers.put(None)
