"""Items of the record as canonical bytes, and back: one pair of functions per kind of item.

`…_item` functions take the protocol's dataclasses and give canonical bytes. `read_…` functions take a decoded
RecordItem and give the dataclass back. Values are kept as read: ranges are for the checks to judge. A canonical
item can still lack a message that its section needs; `read_…` then raises StructureProblem with the check's code.
"""

from amarvote.record.codec.setup import (
    election_keys_item,
    guardian_item,
    header_item,
    manifest_item,
    parameters_item,
    read_election_keys,
    read_guardian,
    read_header,
    read_manifest,
    read_parameters,
)
from amarvote.record.codec.statements import (
    attestation_item,
    confirmation_code_item,
    read_signed,
    read_statement,
    read_toc_entry,
    signature_item,
    statement_item,
    toc_item,
)
from amarvote.record.codec.tally import (
    challenged_ballot_item,
    contest_data_item,
    contest_data_request_item,
    decrypted_tally_item,
    encrypted_tally_item,
    read_challenged_ballot,
    read_contest_data,
    read_contest_data_request,
    read_decrypted_tally,
    read_encrypted_tally,
    read_tally_header,
    tally_header_item,
)
from amarvote.record.codec.voting import (
    ballot_item,
    device_close_item,
    device_header_item,
    read_ballot,
    read_device_close,
    read_device_header,
)

__all__ = [
    "attestation_item",
    "ballot_item",
    "challenged_ballot_item",
    "confirmation_code_item",
    "contest_data_item",
    "contest_data_request_item",
    "decrypted_tally_item",
    "device_close_item",
    "device_header_item",
    "election_keys_item",
    "encrypted_tally_item",
    "guardian_item",
    "header_item",
    "manifest_item",
    "parameters_item",
    "read_ballot",
    "read_challenged_ballot",
    "read_contest_data",
    "read_contest_data_request",
    "read_decrypted_tally",
    "read_device_close",
    "read_device_header",
    "read_election_keys",
    "read_encrypted_tally",
    "read_guardian",
    "read_header",
    "read_manifest",
    "read_parameters",
    "read_signed",
    "read_statement",
    "read_tally_header",
    "read_toc_entry",
    "signature_item",
    "statement_item",
    "tally_header_item",
    "toc_item",
]
