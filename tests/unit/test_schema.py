from amarvote.record.schema import RECORD_ITEM, SEGMENT_HEADER, Field, Kind, Message, varint


def every_message() -> list[Message]:
    found: list[Message] = []
    waiting = [RECORD_ITEM, SEGMENT_HEADER]
    while waiting:
        message = waiting.pop()
        if message not in found:
            found.append(message)
            waiting += [field.message for field in message.fields.values() if field.message is not None]
    return found


def every_field() -> list[Field]:
    return [field for message in every_message() for field in message.fields.values()]


def test_the_schema_keeps_to_what_has_one_encoding() -> None:
    """The draft's schema rules: no repeated numbers, fields in ascending order, parts that are messages."""
    for message in every_message():
        numbers = list(message.fields)
        assert numbers == sorted(numbers)
    assert all(field.kind is Kind.MESSAGE for field in every_field() if field.repeated)
    assert all(field.kind is Kind.MESSAGE for field in RECORD_ITEM.fields.values())


def test_widths_bind_only_bytes_and_only_in_one_way() -> None:
    for field in every_field():
        assert not (field.width and field.width_multiple)
        if field.width or field.width_multiple:
            assert field.kind is Kind.BYTES


def test_widths_of_a_ballot() -> None:
    ballot = RECORD_ITEM.by_name["encryptedBallot"].message
    assert ballot is not None
    widths = {field.name: field.width for field in ballot.fields.values() if field.width}
    assert widths == {"id_b": 32, "h_i": 32, "confirmation_code": 32, "chaining_field": 36}
    assert ballot.by_name["idB"] is ballot.by_name["id_b"]


def test_varint() -> None:
    assert [varint(value) for value in (0, 127, 128, 300, 2**63)] == [
        b"\x00",
        b"\x7f",
        b"\x80\x01",
        b"\xac\x02",
        b"\x80" * 9 + b"\x01",
    ]
