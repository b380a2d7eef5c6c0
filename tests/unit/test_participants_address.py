"""Addresses: what is taken, what is refused and with which words."""

from pathlib import Path

import pytest

from amarvote.participants.address import Address, AddressError, of_election, of_socket, parse


def test_addresses_that_are_taken():
    assert parse("https://vote.example.org/elections/0c") == Address(
        True, "vote.example.org", 443, None, "/elections/0c"
    )
    assert parse("https://vote.example.org:8443/city/elections/0c/") == Address(
        True, "vote.example.org", 8443, None, "/city/elections/0c"
    )
    assert parse("http://127.0.0.1:8080") == Address(False, "127.0.0.1", 8080, None, "")
    assert parse("http://[::1]:8080/elections/0c").host == "::1"
    assert parse("http://localhost").port == 80


@pytest.mark.parametrize("socket", ["api.sock", "/proc/self/fd/3/api.sock", "a folder/ä?#@.sock"])
def test_a_socket_s_path_comes_back(socket):
    address = parse(of_election(of_socket(socket), "0c"))
    assert (address.socket, address.path, address.secure) == (Path(socket), "/elections/0c", False)


@pytest.mark.parametrize(
    "text",
    ["http://vote.example.org/elections/0c", "http://10.0.0.1", "http://127.0.0.1.example.org", "http://0.0.0.0"],
)
def test_plain_http_leaves_this_machine_never(text):
    with pytest.raises(AddressError, match="not encrypted"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vote.example.org",
        "ftp://vote.example.org",
        "https://",
        "https:///elections/0c",
        "https://user:password@vote.example.org",
        "https://vote.example.org/?a=b",
        "https://vote.example.org/elections/0c#secret",
        "https://vote.example.org/a b",
        "https://vote.example.org/%2e%2e",
        "https://vote.example.org:99999/",
        "https://vote.example.org:a/",
        "https://[::1/",
        "https://vote.example.org/\r\nX: y",
        "https://vöte.example.org",
        "http+unix:///elections/0c",
        "http+unix://a%00b/elections/0c",
        "https://" + "a" * 3000,
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(AddressError, match=r"https://vote\.example\.org/elections/ID"):
        parse(text)
