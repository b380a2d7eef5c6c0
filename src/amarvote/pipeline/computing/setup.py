"""Set up: what follows from the ceremony, checked (1 to 4), as the items of the record's setup sections."""

from amarvote.electionguard.context import Context, election_base_hash, parameter_base_hash
from amarvote.electionguard.errors import Findings, VerificationFailed
from amarvote.electionguard.guardians import ElectionKeys
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.joint_keys import ceremony_hash, joint_keys
from amarvote.electionguard.manifest import parse_manifest
from amarvote.electionguard.setup_checks import check_guardians
from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import (
    election_keys_item,
    header_item,
    manifest_item,
    parameters_item,
    read_guardian,
)


def setup(kit: Kit, message: Message) -> Message:
    """Fields: n, k, `h_g`, `h_e` as the guardians confirmed them; parts: manifest, then the guardians' key items.

    Answers the joint keys as the first two parts, then the items: header, parameters, manifest, election_keys.
    """
    manifest, *key_items = message.parts
    n, k = message.fields["n"], message.fields["k"]
    keys = [read_guardian(decode_item(item)) for item in key_items]
    h_p = parameter_base_hash(n, k)
    findings = Findings("key ceremony")
    check_guardians(kit.engine, h_p, n, k, keys, findings)
    try:
        findings.raise_if_any()
    except VerificationFailed as failed:
        raise ComputeError(f"{failed} The ceremony has to start again as a new election.") from failed
    joint_key, joint_data_key = joint_keys(kit.engine, keys)
    h_b = election_base_hash(h_p, manifest)
    context = Context.derive(parse_manifest(manifest), n, k, joint_key, joint_data_key)
    h_g = ceremony_hash(h_b, joint_key, joint_data_key, keys)
    if (h_g.hex(), context.h_e.hex()) != (message.fields["h_g"], message.fields["h_e"]):
        raise ComputeError(
            "What all guardians confirmed does not follow from the keys that the service holds. They saw other "
            "keys; the ceremony has to start again as a new election."
        )
    return Message(
        "setup",
        {"h_b": h_b.hex()},
        (
            element_bytes(joint_key),
            element_bytes(joint_data_key),
            header_item(),
            parameters_item(n, k, h_p),
            manifest_item(manifest, h_b),
            election_keys_item(ElectionKeys(joint_key, joint_data_key, context.h_e)),
        ),
    )
