import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.words import WordsError, bytes_of_words, words_of


@pytest.mark.parametrize(
    ("address", "words"),
    [
        # Examples of the proposal itself, arXiv:0901.4016.
        ("127.0.0.1", "lusab-babad"),
        ("63.84.220.193", "gutih-tugad"),
        ("63.118.7.35", "gutuk-bisog"),
        ("140.98.193.141", "mudof-sakat"),
        ("64.255.6.200", "haguz-biram"),
        ("147.67.119.2", "natag-lisaf"),
        ("212.58.253.68", "tibup-zujah"),
    ],
)
def test_published_examples(address: str, words: str) -> None:
    value = bytes(int(part) for part in address.split("."))
    assert "-".join(words_of(value)) == words
    assert bytes_of_words(words) == value


def test_a_hash_has_sixteen_words() -> None:
    words = words_of(bytes(range(32)))
    assert len(words) == 16
    assert {len(word) for word in words} == {5}


@given(st.binary(min_size=32, max_size=32))
def test_words_are_read_back(value: bytes) -> None:
    words = words_of(value)
    assert bytes_of_words(" ".join(words)) == value
    assert bytes_of_words("-".join(words).upper() + "\n") == value


@given(st.text(max_size=20))
def test_typed_text_is_words_or_refused(text: str) -> None:
    try:
        value = bytes_of_words(text)
    except WordsError:
        return
    assert list(words_of(value)) == text.lower().replace("-", " ").split()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lusab baba", "Word 2, 'baba', does not have five letters"),
        ("lusab babae", "Word 2, 'babae', cannot be: 'e' is not one of"),
        ("alusb", "Word 1, 'alusb', cannot be: 'a' is not one of 'bdfghjklmnprstvz' there"),
    ],
)
def test_misspelt_words_are_named(text: str, message: str) -> None:
    with pytest.raises(WordsError, match=message):
        bytes_of_words(text)


def test_odd_lengths_have_no_words() -> None:
    with pytest.raises(ValueError, match="even number of bytes"):
        words_of(b"abc")
