import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.pipeline import messages
from amarvote.pipeline.messages import Message, PipeError, read, write

fields = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3)


@given(st.lists(st.builds(Message, st.text(max_size=8), fields, st.lists(st.binary(max_size=40)).map(tuple))))
def test_messages_arrive_as_they_were_sent(sent):
    stream = io.BytesIO()
    for message in sent:
        write(stream, message)
    stream.seek(0)
    arrived = []
    while (message := read(stream)) is not None:
        arrived.append(message)
    assert arrived == sent


@given(st.integers(min_value=1, max_value=100))
def test_a_message_that_breaks_off_is_no_message(length):
    stream = io.BytesIO()
    write(stream, Message("kind", {"a": 1}, (b"x" * 60,)))
    whole = stream.getvalue()
    with pytest.raises(PipeError):
        read(io.BytesIO(whole[: min(length, len(whole) - 1)]))


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch):
    with pytest.raises(PipeError):
        read(io.BytesIO(b"\xff\xff\xff\xff" + b"x" * 100))
    stream = io.BytesIO()
    write(stream, Message("kind", {}, (b"x" * 200,)))
    stream.seek(0)
    monkeypatch.setattr(messages, "LARGEST_MESSAGE", 100)
    with pytest.raises(PipeError, match="200 bytes"):
        read(stream)
