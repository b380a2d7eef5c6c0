import pytest

from amarvote.guardian.confirmation import Confirmation, confirmed_in, read_words, words_text
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.telling import Log

H_G, H_E = bytes(range(32)), bytes(range(100, 132))


def test_words_say_both_hashes():
    text = words_text(H_G, H_E)
    assert read_words(text.upper().replace("H_G", "H_G")) == {"H_G": H_G, "H_E": H_E}
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize("text", ["", "H_G babab", words_text(H_G, H_E).splitlines()[0], "H_E nowords\nH_G x"])
def test_half_a_confirmation_is_none(text):
    with pytest.raises(GuardianError):
        read_words(text)


def test_waits_until_the_words_are_typed_wholly(tmp_path):
    typed = [b"", b"H_G ", words_text(H_G, H_E).encode()[:-8], words_text(H_G, H_E).encode()]

    def type_them(seconds: float) -> None:
        (tmp_path / "confirm").write_bytes(typed.pop(0))

    Confirmation(tmp_path, Log()).ask(type_them, H_G, H_E)
    assert not typed
    assert (tmp_path / "words").read_text() == words_text(H_G, H_E)


@pytest.mark.parametrize(("typed", "name"), [((H_E, H_E), "H_G"), ((H_G, H_G), "H_E")])
def test_other_words_stop_the_guardian(tmp_path, typed, name):
    (tmp_path / "confirm").write_text(words_text(*typed))
    with pytest.raises(GuardianError, match=f"{name}, word 1: .* slip of the pen, correct the file") as told:
        Confirmation(tmp_path, Log()).ask(lambda seconds: None, H_G, H_E)
    assert str(tmp_path / "confirm") in str(told.value)


def test_the_names_of_the_two_lines_may_be_left_out():
    h_g, h_e = (line.partition(" ")[2] for line in words_text(H_G, H_E).splitlines())
    assert read_words(f"\n{h_g}\n  {h_e.upper()}\n") == {"H_G": H_G, "H_E": H_E}
    with pytest.raises(GuardianError, match="words of H_E cannot be read: Word 3"):
        read_words(f"{h_g}\n{h_e[:12]}x{h_e[13:]}")


def test_confirmed_is_what_was_typed_as_it_was_shown(tmp_path):
    assert not confirmed_in(tmp_path)
    (tmp_path / "words").write_text(words_text(H_G, H_E))
    assert not confirmed_in(tmp_path)
    (tmp_path / "confirm").write_text("same\n")
    assert not confirmed_in(tmp_path)
    (tmp_path / "confirm").write_text(words_text(H_G, H_G))
    assert not confirmed_in(tmp_path)
    (tmp_path / "confirm").write_text(words_text(H_G, H_E))
    assert confirmed_in(tmp_path)
