"""A hash as words that people can read to each other: proquints, five letters for each 16 bits.

Guardians compare H_G and H_E this way over a channel of their own (arXiv:0901.4016 describes the spelling).
"""

from amarvote.electionguard.errors import ElectionGuardError

CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aiou"

_LETTERS = ((CONSONANTS, 12, 15), (VOWELS, 10, 3), (CONSONANTS, 6, 15), (VOWELS, 4, 3), (CONSONANTS, 0, 15))
"""For each letter of a word: alphabet, shift and mask of its bits."""


class WordsError(ElectionGuardError):
    """What was typed is not a hash in words."""


def words_of(value: bytes) -> tuple[str, ...]:
    """The words of an even number of bytes: 16 words for a 32-byte hash."""
    if len(value) % 2:
        raise ValueError(f"Only an even number of bytes has words, not {len(value)}.")
    numbers = (int.from_bytes(value[i : i + 2], "big") for i in range(0, len(value), 2))
    return tuple(
        "".join(alphabet[number >> shift & bits] for alphabet, shift, bits in _LETTERS) for number in numbers
    )


def bytes_of_words(text: str) -> bytes:
    """The bytes that these words stand for; hyphens, white space and capitals do not matter."""
    result = bytearray()
    for position, word in enumerate(text.lower().replace("-", " ").split(), 1):
        if len(word) != len(_LETTERS):
            raise WordsError(f"Word {position}, {word[:20]!r}, does not have five letters.")
        number = 0
        for letter, (alphabet, shift, _) in zip(word, _LETTERS, strict=True):
            if letter not in alphabet:
                raise WordsError(
                    f"Word {position}, {word!r}, cannot be: {letter!r} is not one of {alphabet!r} there."
                )
            number |= alphabet.index(letter) << shift
        result += number.to_bytes(2, "big")
    return bytes(result)
