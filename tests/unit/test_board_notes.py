"""Signed notes and checkpoints: the published example of Go's notes, and every way to forge one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.board.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from amarvote.board.notes import LARGEST_NOTE, NoteError, Signer, Verifier, open_note

PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETERS_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""Key and note from the documentation of golang.org/x/mod/sumdb/note."""

SENTENCE = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS_NOTE = (
    f"{SENTENCE}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

KEY = Signer.generate("board.example.org")
CHECKPOINT = Checkpoint("ab" * 16, 12, bytes(range(32)), 1_795_000_000)


def test_the_example_of_go_is_signed_alike() -> None:
    assert Signer.parse(PETER).sign(SENTENCE) == PETERS_NOTE
    assert str(Signer.parse(PETER).verifier) == PETERS_VERIFIER
    assert open_note(PETERS_NOTE, Verifier.parse(PETERS_VERIFIER)) == SENTENCE


def test_a_checkpoint_comes_back() -> None:
    note = sign_checkpoint(CHECKPOINT, KEY)
    assert open_checkpoint(note, Verifier.parse(str(KEY.verifier))) == CHECKPOINT
    assert note.startswith(f"amarvote/elections/{'ab' * 16}\n12\n")


def test_a_signature_of_somebody_else_beside_ours_is_passed_over() -> None:
    other = Signer.generate("witness.example.org").sign(CHECKPOINT.text)
    note = sign_checkpoint(CHECKPOINT, KEY) + other.split("\n\n")[1]
    assert open_checkpoint(note, KEY.verifier) == CHECKPOINT


def test_another_key_of_the_same_name_is_not_ours() -> None:
    note = sign_checkpoint(CHECKPOINT, Signer.generate("board.example.org"))
    with pytest.raises(NoteError, match="carries 0 signatures"):
        open_checkpoint(note, KEY.verifier)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_changed_byte_is_found(at: int, by: int) -> None:
    note = bytearray(sign_checkpoint(CHECKPOINT, KEY).encode())
    note[at % len(note)] ^= by
    with pytest.raises(NoteError):
        open_checkpoint(note.decode("utf-8", "replace"), KEY.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        CHECKPOINT.text,
        CHECKPOINT.text + "\n",
        CHECKPOINT.text + "\n— board.example.org AAAA",
        CHECKPOINT.text + "\n— board.example.org !\n",
        CHECKPOINT.text + "\nboard.example.org AAAAAAAA\n",
        "a\x00b\n\n— x AAAAAAAA\n",
        "a\ud800\n\n— x AAAAAAAA\n",
        "x" * (LARGEST_NOTE + 1),
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        open_note(text, KEY.verifier)


def test_a_signature_twice_is_refused() -> None:
    note = KEY.sign("x\n")
    with pytest.raises(NoteError, match="carries 2"):
        open_note(note + note.split("\n\n")[1], KEY.verifier)


@pytest.mark.parametrize(
    "text",
    [
        CHECKPOINT.text.replace("amarvote/elections", "amarvote/others"),
        CHECKPOINT.text.replace("\n12\n", "\n012\n"),
        CHECKPOINT.text.replace("\n12\n", "\n-12\n"),
        CHECKPOINT.text.replace("\n12\n", f"\n{'9' * 19}\n"),
        CHECKPOINT.text.replace("\n12\n", "\n١٢\n"),
        CHECKPOINT.text.replace("time ", ""),
        CHECKPOINT.text + "more\n",
        CHECKPOINT.text.replace(base64.b64encode(CHECKPOINT.root).decode(), "AAAA"),
        CHECKPOINT.text.replace(base64.b64encode(CHECKPOINT.root).decode(), "not base64"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(KEY.sign(text), KEY.verifier)


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+AAAA", "a b+00000000+" + "A" * 44, PETERS_VERIFIER.replace("Peter", "Pater")]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(text)


@pytest.mark.parametrize("text", ["", PETERS_VERIFIER, PETER[:-4], PETER.replace("c74f20a3", "c74f20a4")])
def test_what_is_no_private_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(NoteError) as refused:
        Signer.parse(text)
    assert "AYEKFALV" not in str(refused.value)
    assert "AYEKFALV" not in repr(Signer.parse(PETER))


def test_only_plain_lines_are_signed() -> None:
    for text in ("no line break", "a\x1b[2J\n", "a\ud800\n"):
        with pytest.raises(NoteError):
            KEY.sign(text)
