"""What a device learns of its election from the service, and holds against the H_E that it was given (rule 19)."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmpy2 import mpz

from amarvote.device.errors import DeviceError
from amarvote.electionguard.confirmation import device_hash
from amarvote.electionguard.context import Context
from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import parse_manifest
from amarvote.electionguard.parameters import P_BYTES
from amarvote.electionguard.words import WordsError, bytes_of_words
from amarvote.participants.files import read_bounded
from amarvote.participants.service import Service


@dataclass(frozen=True, slots=True)
class Station:
    """This device as the service knows it: its name, device string S_device (72), and H_DI."""

    name: str
    device_string: str
    h_di: bytes


def read_pin(path: Path) -> bytes:
    """H_E from the file in which the device's officials put it: in hex, or in words, also behind its label."""
    said = read_bounded(path, 1024).decode("utf-8", "replace").upper()
    said = said.partition("H_E")[2] or said  # of what guardians read, H_G stands before it
    for read in (bytes.fromhex, bytes_of_words):
        try:
            pin = read(said)
        except (ValueError, WordsError):
            continue
        if len(pin) == 32:
            return pin
    raise DeviceError(f"{path} does not hold H_E: in the 16 words that the guardians read, or in 64 hex digits.")


def learn_context(service: Service, pinned_h_e: bytes) -> Context:
    """The election whose H_E is the pinned one; DeviceError where the service shows any other."""
    try:
        election = service.get("").json()
        manifest = parse_manifest(service.get("/manifest").body)
        context = Context.derive(
            manifest,
            _number(election["n"]),
            _number(election["k"]),
            _element(election["joint_key"]),
            _element(election["joint_data_key"]),
        )
    except ManifestError as problem:
        raise DeviceError(str(problem)) from None
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DeviceError("The service does not show an election whose keys are made.") from None
    if context.h_e != pinned_h_e:
        raise DeviceError(
            f"The service shows the election {context.h_e.hex()}, but the guardians confirmed {pinned_h_e.hex()}. "
            "No ballot is encrypted; call the election's officer."
        )
    return context


def learn_station(service: Service, context: Context) -> Station:
    """This device's name and device string; DeviceError where the service's hash of it is wrong."""
    me = service.get("/devices/me").json()
    try:
        station = Station(str(me["name"]), str(me["device_id"]), _bytes(me["h_di"]))
    except (KeyError, TypeError, ValueError):
        raise DeviceError("The service does not say which device this is.") from None
    if station.h_di != device_hash(context.h_e, station.device_string):
        raise DeviceError(f"The service's hash of the device string {station.device_string!r} is wrong.")
    return station


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a number")
    return value


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def _element(value: Any) -> mpz:
    data = _bytes(value)
    if len(data) != P_BYTES:
        raise ValueError("not an element")
    return mpz.from_bytes(data, "big")
