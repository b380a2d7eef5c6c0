import datetime

from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SectionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECTION_TYPE_UNSPECIFIED: _ClassVar[SectionType]
    SECTION_TYPE_HEADER: _ClassVar[SectionType]
    SECTION_TYPE_PARAMETERS: _ClassVar[SectionType]
    SECTION_TYPE_MANIFEST: _ClassVar[SectionType]
    SECTION_TYPE_GUARDIANS: _ClassVar[SectionType]
    SECTION_TYPE_ELECTION_KEYS: _ClassVar[SectionType]
    SECTION_TYPE_DEVICE: _ClassVar[SectionType]
    SECTION_TYPE_DEVICE_ATTESTATIONS: _ClassVar[SectionType]
    SECTION_TYPE_ENCRYPTED_TALLY: _ClassVar[SectionType]
    SECTION_TYPE_CONTEST_DATA_REQUESTS: _ClassVar[SectionType]
    SECTION_TYPE_DECRYPTED_TALLY: _ClassVar[SectionType]
    SECTION_TYPE_CHALLENGED_BALLOT_DECRYPTIONS: _ClassVar[SectionType]
    SECTION_TYPE_CONTEST_DATA_DECRYPTIONS: _ClassVar[SectionType]
    SECTION_TYPE_UNCAST_NONCE_RELEASES: _ClassVar[SectionType]
    SECTION_TYPE_TOC: _ClassVar[SectionType]
    SECTION_TYPE_SIGNATURES: _ClassVar[SectionType]

class DeviceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_KIND_UNSPECIFIED: _ClassVar[DeviceKind]
    DEVICE_KIND_REGULAR: _ClassVar[DeviceKind]
    DEVICE_KIND_PRE_ENCRYPTING: _ClassVar[DeviceKind]

class BallotStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BALLOT_STATUS_UNSPECIFIED: _ClassVar[BallotStatus]
    BALLOT_STATUS_CAST: _ClassVar[BallotStatus]
    BALLOT_STATUS_CHALLENGED: _ClassVar[BallotStatus]
    BALLOT_STATUS_SPOILED: _ClassVar[BallotStatus]

class RecordPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_PHASE_UNSPECIFIED: _ClassVar[RecordPhase]
    RECORD_PHASE_SETUP: _ClassVar[RecordPhase]
    RECORD_PHASE_SEALED: _ClassVar[RecordPhase]
    RECORD_PHASE_AGGREGATED: _ClassVar[RecordPhase]
    RECORD_PHASE_FINAL: _ClassVar[RecordPhase]
SECTION_TYPE_UNSPECIFIED: SectionType
SECTION_TYPE_HEADER: SectionType
SECTION_TYPE_PARAMETERS: SectionType
SECTION_TYPE_MANIFEST: SectionType
SECTION_TYPE_GUARDIANS: SectionType
SECTION_TYPE_ELECTION_KEYS: SectionType
SECTION_TYPE_DEVICE: SectionType
SECTION_TYPE_DEVICE_ATTESTATIONS: SectionType
SECTION_TYPE_ENCRYPTED_TALLY: SectionType
SECTION_TYPE_CONTEST_DATA_REQUESTS: SectionType
SECTION_TYPE_DECRYPTED_TALLY: SectionType
SECTION_TYPE_CHALLENGED_BALLOT_DECRYPTIONS: SectionType
SECTION_TYPE_CONTEST_DATA_DECRYPTIONS: SectionType
SECTION_TYPE_UNCAST_NONCE_RELEASES: SectionType
SECTION_TYPE_TOC: SectionType
SECTION_TYPE_SIGNATURES: SectionType
DEVICE_KIND_UNSPECIFIED: DeviceKind
DEVICE_KIND_REGULAR: DeviceKind
DEVICE_KIND_PRE_ENCRYPTING: DeviceKind
BALLOT_STATUS_UNSPECIFIED: BallotStatus
BALLOT_STATUS_CAST: BallotStatus
BALLOT_STATUS_CHALLENGED: BallotStatus
BALLOT_STATUS_SPOILED: BallotStatus
RECORD_PHASE_UNSPECIFIED: RecordPhase
RECORD_PHASE_SETUP: RecordPhase
RECORD_PHASE_SEALED: RecordPhase
RECORD_PHASE_AGGREGATED: RecordPhase
RECORD_PHASE_FINAL: RecordPhase
WIDTH_FIELD_NUMBER: _ClassVar[int]
width: _descriptor.FieldDescriptor
WIDTH_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
width_multiple: _descriptor.FieldDescriptor
OMITTABLE_FIELD_NUMBER: _ClassVar[int]
omittable: _descriptor.FieldDescriptor

class SegmentHeader(_message.Message):
    __slots__ = ("magic", "format_major", "section_type", "key", "first_ordinal")
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    FORMAT_MAJOR_FIELD_NUMBER: _ClassVar[int]
    SECTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    FIRST_ORDINAL_FIELD_NUMBER: _ClassVar[int]
    magic: str
    format_major: int
    section_type: SectionType
    key: bytes
    first_ordinal: int
    def __init__(self, magic: _Optional[str] = ..., format_major: _Optional[int] = ..., section_type: _Optional[_Union[SectionType, str]] = ..., key: _Optional[bytes] = ..., first_ordinal: _Optional[int] = ...) -> None: ...

class RecordItem(_message.Message):
    __slots__ = ("record_header", "parameters", "manifest_file", "guardian_public_key", "election_keys", "device_header", "encrypted_ballot", "pre_encrypted_cast_ballot", "pre_encrypted_uncast_ballot", "device_close", "device_attestation", "pre_encrypted_compact_uncast_ballot", "encrypted_tally_header", "encrypted_tally_contest", "contest_data_request", "decrypted_tally_contest", "challenged_ballot_decryption", "contest_data_decryption", "uncast_nonce_release", "chain_close_statement", "section_seal_statement", "prefix_checkpoint_statement", "record_statement", "record_signature", "toc_entry", "confirmation_code_leaf")
    RECORD_HEADER_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FILE_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    ELECTION_KEYS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_HEADER_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_BALLOT_FIELD_NUMBER: _ClassVar[int]
    PRE_ENCRYPTED_CAST_BALLOT_FIELD_NUMBER: _ClassVar[int]
    PRE_ENCRYPTED_UNCAST_BALLOT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_CLOSE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    PRE_ENCRYPTED_COMPACT_UNCAST_BALLOT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_TALLY_HEADER_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_TALLY_CONTEST_FIELD_NUMBER: _ClassVar[int]
    CONTEST_DATA_REQUEST_FIELD_NUMBER: _ClassVar[int]
    DECRYPTED_TALLY_CONTEST_FIELD_NUMBER: _ClassVar[int]
    CHALLENGED_BALLOT_DECRYPTION_FIELD_NUMBER: _ClassVar[int]
    CONTEST_DATA_DECRYPTION_FIELD_NUMBER: _ClassVar[int]
    UNCAST_NONCE_RELEASE_FIELD_NUMBER: _ClassVar[int]
    CHAIN_CLOSE_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SECTION_SEAL_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    PREFIX_CHECKPOINT_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TOC_ENTRY_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_CODE_LEAF_FIELD_NUMBER: _ClassVar[int]
    record_header: RecordHeader
    parameters: Parameters
    manifest_file: ManifestFile
    guardian_public_key: GuardianPublicKey
    election_keys: ElectionKeys
    device_header: DeviceHeader
    encrypted_ballot: EncryptedBallot
    pre_encrypted_cast_ballot: PreEncryptedCastBallot
    pre_encrypted_uncast_ballot: PreEncryptedUncastBallot
    device_close: DeviceClose
    device_attestation: SignedStatement
    pre_encrypted_compact_uncast_ballot: PreEncryptedCompactUncastBallot
    encrypted_tally_header: EncryptedTallyHeader
    encrypted_tally_contest: EncryptedTallyContest
    contest_data_request: ContestDataRequest
    decrypted_tally_contest: DecryptedTallyContest
    challenged_ballot_decryption: ChallengedBallotDecryption
    contest_data_decryption: ContestDataDecryption
    uncast_nonce_release: UncastNonceRelease
    chain_close_statement: ChainCloseStatement
    section_seal_statement: SectionSealStatement
    prefix_checkpoint_statement: PrefixCheckpointStatement
    record_statement: RecordStatement
    record_signature: SignedStatement
    toc_entry: TocEntry
    confirmation_code_leaf: ConfirmationCodeLeaf
    def __init__(self, record_header: _Optional[_Union[RecordHeader, _Mapping]] = ..., parameters: _Optional[_Union[Parameters, _Mapping]] = ..., manifest_file: _Optional[_Union[ManifestFile, _Mapping]] = ..., guardian_public_key: _Optional[_Union[GuardianPublicKey, _Mapping]] = ..., election_keys: _Optional[_Union[ElectionKeys, _Mapping]] = ..., device_header: _Optional[_Union[DeviceHeader, _Mapping]] = ..., encrypted_ballot: _Optional[_Union[EncryptedBallot, _Mapping]] = ..., pre_encrypted_cast_ballot: _Optional[_Union[PreEncryptedCastBallot, _Mapping]] = ..., pre_encrypted_uncast_ballot: _Optional[_Union[PreEncryptedUncastBallot, _Mapping]] = ..., device_close: _Optional[_Union[DeviceClose, _Mapping]] = ..., device_attestation: _Optional[_Union[SignedStatement, _Mapping]] = ..., pre_encrypted_compact_uncast_ballot: _Optional[_Union[PreEncryptedCompactUncastBallot, _Mapping]] = ..., encrypted_tally_header: _Optional[_Union[EncryptedTallyHeader, _Mapping]] = ..., encrypted_tally_contest: _Optional[_Union[EncryptedTallyContest, _Mapping]] = ..., contest_data_request: _Optional[_Union[ContestDataRequest, _Mapping]] = ..., decrypted_tally_contest: _Optional[_Union[DecryptedTallyContest, _Mapping]] = ..., challenged_ballot_decryption: _Optional[_Union[ChallengedBallotDecryption, _Mapping]] = ..., contest_data_decryption: _Optional[_Union[ContestDataDecryption, _Mapping]] = ..., uncast_nonce_release: _Optional[_Union[UncastNonceRelease, _Mapping]] = ..., chain_close_statement: _Optional[_Union[ChainCloseStatement, _Mapping]] = ..., section_seal_statement: _Optional[_Union[SectionSealStatement, _Mapping]] = ..., prefix_checkpoint_statement: _Optional[_Union[PrefixCheckpointStatement, _Mapping]] = ..., record_statement: _Optional[_Union[RecordStatement, _Mapping]] = ..., record_signature: _Optional[_Union[SignedStatement, _Mapping]] = ..., toc_entry: _Optional[_Union[TocEntry, _Mapping]] = ..., confirmation_code_leaf: _Optional[_Union[ConfirmationCodeLeaf, _Mapping]] = ...) -> None: ...

class RecordHeader(_message.Message):
    __slots__ = ("format_major", "format_minor")
    FORMAT_MAJOR_FIELD_NUMBER: _ClassVar[int]
    FORMAT_MINOR_FIELD_NUMBER: _ClassVar[int]
    format_major: int
    format_minor: int
    def __init__(self, format_major: _Optional[int] = ..., format_minor: _Optional[int] = ...) -> None: ...

class Parameters(_message.Message):
    __slots__ = ("version", "p", "q", "r", "g", "n", "k", "h_p")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    P_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    H_P_FIELD_NUMBER: _ClassVar[int]
    version: bytes
    p: bytes
    q: bytes
    r: bytes
    g: bytes
    n: int
    k: int
    h_p: bytes
    def __init__(self, version: _Optional[bytes] = ..., p: _Optional[bytes] = ..., q: _Optional[bytes] = ..., r: _Optional[bytes] = ..., g: _Optional[bytes] = ..., n: _Optional[int] = ..., k: _Optional[int] = ..., h_p: _Optional[bytes] = ...) -> None: ...

class ManifestFile(_message.Message):
    __slots__ = ("media_type", "content", "h_b")
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    H_B_FIELD_NUMBER: _ClassVar[int]
    media_type: str
    content: bytes
    h_b: bytes
    def __init__(self, media_type: _Optional[str] = ..., content: _Optional[bytes] = ..., h_b: _Optional[bytes] = ...) -> None: ...

class GuardianPublicKey(_message.Message):
    __slots__ = ("index", "vote_commitments", "data_commitments", "kappa", "vote_proof", "data_proof")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VOTE_COMMITMENTS_FIELD_NUMBER: _ClassVar[int]
    DATA_COMMITMENTS_FIELD_NUMBER: _ClassVar[int]
    KAPPA_FIELD_NUMBER: _ClassVar[int]
    VOTE_PROOF_FIELD_NUMBER: _ClassVar[int]
    DATA_PROOF_FIELD_NUMBER: _ClassVar[int]
    index: int
    vote_commitments: bytes
    data_commitments: bytes
    kappa: bytes
    vote_proof: bytes
    data_proof: bytes
    def __init__(self, index: _Optional[int] = ..., vote_commitments: _Optional[bytes] = ..., data_commitments: _Optional[bytes] = ..., kappa: _Optional[bytes] = ..., vote_proof: _Optional[bytes] = ..., data_proof: _Optional[bytes] = ...) -> None: ...

class ElectionKeys(_message.Message):
    __slots__ = ("k", "k_hat", "h_e")
    K_FIELD_NUMBER: _ClassVar[int]
    K_HAT_FIELD_NUMBER: _ClassVar[int]
    H_E_FIELD_NUMBER: _ClassVar[int]
    k: bytes
    k_hat: bytes
    h_e: bytes
    def __init__(self, k: _Optional[bytes] = ..., k_hat: _Optional[bytes] = ..., h_e: _Optional[bytes] = ...) -> None: ...

class DeviceHeader(_message.Message):
    __slots__ = ("kind", "device_id", "h_di", "chaining_mode", "initial_hash")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    H_DI_FIELD_NUMBER: _ClassVar[int]
    CHAINING_MODE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_HASH_FIELD_NUMBER: _ClassVar[int]
    kind: DeviceKind
    device_id: str
    h_di: bytes
    chaining_mode: int
    initial_hash: bytes
    def __init__(self, kind: _Optional[_Union[DeviceKind, str]] = ..., device_id: _Optional[str] = ..., h_di: _Optional[bytes] = ..., chaining_mode: _Optional[int] = ..., initial_hash: _Optional[bytes] = ...) -> None: ...

class HashedCiphertext(_message.Message):
    __slots__ = ("c0", "c1", "c2")
    C0_FIELD_NUMBER: _ClassVar[int]
    C1_FIELD_NUMBER: _ClassVar[int]
    C2_FIELD_NUMBER: _ClassVar[int]
    c0: bytes
    c1: bytes
    c2: bytes
    def __init__(self, c0: _Optional[bytes] = ..., c1: _Optional[bytes] = ..., c2: _Optional[bytes] = ...) -> None: ...

class EncryptedField(_message.Message):
    __slots__ = ("alpha", "beta", "range_proof")
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    RANGE_PROOF_FIELD_NUMBER: _ClassVar[int]
    alpha: bytes
    beta: bytes
    range_proof: bytes
    def __init__(self, alpha: _Optional[bytes] = ..., beta: _Optional[bytes] = ..., range_proof: _Optional[bytes] = ...) -> None: ...

class EncryptedContest(_message.Message):
    __slots__ = ("index", "fields", "limit_proof", "undervote_difference_proof", "null_vote_proof", "contest_data", "contest_hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PROOF_FIELD_NUMBER: _ClassVar[int]
    UNDERVOTE_DIFFERENCE_PROOF_FIELD_NUMBER: _ClassVar[int]
    NULL_VOTE_PROOF_FIELD_NUMBER: _ClassVar[int]
    CONTEST_DATA_FIELD_NUMBER: _ClassVar[int]
    CONTEST_HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    fields: _containers.RepeatedCompositeFieldContainer[EncryptedField]
    limit_proof: bytes
    undervote_difference_proof: bytes
    null_vote_proof: bytes
    contest_data: HashedCiphertext
    contest_hash: bytes
    def __init__(self, index: _Optional[int] = ..., fields: _Optional[_Iterable[_Union[EncryptedField, _Mapping]]] = ..., limit_proof: _Optional[bytes] = ..., undervote_difference_proof: _Optional[bytes] = ..., null_vote_proof: _Optional[bytes] = ..., contest_data: _Optional[_Union[HashedCiphertext, _Mapping]] = ..., contest_hash: _Optional[bytes] = ...) -> None: ...

class EncryptedBallot(_message.Message):
    __slots__ = ("id_b", "h_i", "ballot_style", "status", "weight", "encrypted_at", "contests", "confirmation_code", "chaining_field", "encrypted_ballot_nonce", "ballot_ref")
    ID_B_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    BALLOT_STYLE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_AT_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_CODE_FIELD_NUMBER: _ClassVar[int]
    CHAINING_FIELD_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_BALLOT_NONCE_FIELD_NUMBER: _ClassVar[int]
    BALLOT_REF_FIELD_NUMBER: _ClassVar[int]
    id_b: bytes
    h_i: bytes
    ballot_style: str
    status: BallotStatus
    weight: int
    encrypted_at: _timestamp_pb2.Timestamp
    contests: _containers.RepeatedCompositeFieldContainer[EncryptedContest]
    confirmation_code: bytes
    chaining_field: bytes
    encrypted_ballot_nonce: HashedCiphertext
    ballot_ref: str
    def __init__(self, id_b: _Optional[bytes] = ..., h_i: _Optional[bytes] = ..., ballot_style: _Optional[str] = ..., status: _Optional[_Union[BallotStatus, str]] = ..., weight: _Optional[int] = ..., encrypted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., contests: _Optional[_Iterable[_Union[EncryptedContest, _Mapping]]] = ..., confirmation_code: _Optional[bytes] = ..., chaining_field: _Optional[bytes] = ..., encrypted_ballot_nonce: _Optional[_Union[HashedCiphertext, _Mapping]] = ..., ballot_ref: _Optional[str] = ...) -> None: ...

class SelectedVector(_message.Message):
    __slots__ = ("vector", "psi", "short_code")
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    PSI_FIELD_NUMBER: _ClassVar[int]
    SHORT_CODE_FIELD_NUMBER: _ClassVar[int]
    vector: bytes
    psi: bytes
    short_code: str
    def __init__(self, vector: _Optional[bytes] = ..., psi: _Optional[bytes] = ..., short_code: _Optional[str] = ...) -> None: ...

class PreEncryptedCastContest(_message.Message):
    __slots__ = ("contest", "selection_hashes", "selected")
    CONTEST_FIELD_NUMBER: _ClassVar[int]
    SELECTION_HASHES_FIELD_NUMBER: _ClassVar[int]
    SELECTED_FIELD_NUMBER: _ClassVar[int]
    contest: EncryptedContest
    selection_hashes: bytes
    selected: _containers.RepeatedCompositeFieldContainer[SelectedVector]
    def __init__(self, contest: _Optional[_Union[EncryptedContest, _Mapping]] = ..., selection_hashes: _Optional[bytes] = ..., selected: _Optional[_Iterable[_Union[SelectedVector, _Mapping]]] = ...) -> None: ...

class PreEncryptedCastBallot(_message.Message):
    __slots__ = ("id_b", "h_i", "ballot_style", "weight", "encrypted_at", "contests", "confirmation_code", "chaining_field", "encrypted_ballot_nonce", "ballot_ref")
    ID_B_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    BALLOT_STYLE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_AT_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_CODE_FIELD_NUMBER: _ClassVar[int]
    CHAINING_FIELD_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_BALLOT_NONCE_FIELD_NUMBER: _ClassVar[int]
    BALLOT_REF_FIELD_NUMBER: _ClassVar[int]
    id_b: bytes
    h_i: bytes
    ballot_style: str
    weight: int
    encrypted_at: _timestamp_pb2.Timestamp
    contests: _containers.RepeatedCompositeFieldContainer[PreEncryptedCastContest]
    confirmation_code: bytes
    chaining_field: bytes
    encrypted_ballot_nonce: HashedCiphertext
    ballot_ref: str
    def __init__(self, id_b: _Optional[bytes] = ..., h_i: _Optional[bytes] = ..., ballot_style: _Optional[str] = ..., weight: _Optional[int] = ..., encrypted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., contests: _Optional[_Iterable[_Union[PreEncryptedCastContest, _Mapping]]] = ..., confirmation_code: _Optional[bytes] = ..., chaining_field: _Optional[bytes] = ..., encrypted_ballot_nonce: _Optional[_Union[HashedCiphertext, _Mapping]] = ..., ballot_ref: _Optional[str] = ...) -> None: ...

class UncastSelection(_message.Message):
    __slots__ = ("selection_index", "option_label", "vector", "psi", "short_code")
    SELECTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    OPTION_LABEL_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    PSI_FIELD_NUMBER: _ClassVar[int]
    SHORT_CODE_FIELD_NUMBER: _ClassVar[int]
    selection_index: int
    option_label: str
    vector: bytes
    psi: bytes
    short_code: str
    def __init__(self, selection_index: _Optional[int] = ..., option_label: _Optional[str] = ..., vector: _Optional[bytes] = ..., psi: _Optional[bytes] = ..., short_code: _Optional[str] = ...) -> None: ...

class UncastContest(_message.Message):
    __slots__ = ("index", "label", "selections", "contest_hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SELECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTEST_HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    selections: _containers.RepeatedCompositeFieldContainer[UncastSelection]
    contest_hash: bytes
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., selections: _Optional[_Iterable[_Union[UncastSelection, _Mapping]]] = ..., contest_hash: _Optional[bytes] = ...) -> None: ...

class PreEncryptedUncastBallot(_message.Message):
    __slots__ = ("id_b", "h_i", "ballot_style", "contests", "confirmation_code", "chaining_field", "encrypted_ballot_nonce", "ballot_ref")
    ID_B_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    BALLOT_STYLE_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_CODE_FIELD_NUMBER: _ClassVar[int]
    CHAINING_FIELD_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_BALLOT_NONCE_FIELD_NUMBER: _ClassVar[int]
    BALLOT_REF_FIELD_NUMBER: _ClassVar[int]
    id_b: bytes
    h_i: bytes
    ballot_style: str
    contests: _containers.RepeatedCompositeFieldContainer[UncastContest]
    confirmation_code: bytes
    chaining_field: bytes
    encrypted_ballot_nonce: HashedCiphertext
    ballot_ref: str
    def __init__(self, id_b: _Optional[bytes] = ..., h_i: _Optional[bytes] = ..., ballot_style: _Optional[str] = ..., contests: _Optional[_Iterable[_Union[UncastContest, _Mapping]]] = ..., confirmation_code: _Optional[bytes] = ..., chaining_field: _Optional[bytes] = ..., encrypted_ballot_nonce: _Optional[_Union[HashedCiphertext, _Mapping]] = ..., ballot_ref: _Optional[str] = ...) -> None: ...

class CompactUncastContest(_message.Message):
    __slots__ = ("index", "contest_hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONTEST_HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    contest_hash: bytes
    def __init__(self, index: _Optional[int] = ..., contest_hash: _Optional[bytes] = ...) -> None: ...

class PreEncryptedCompactUncastBallot(_message.Message):
    __slots__ = ("id_b", "h_i", "ballot_style", "contests", "confirmation_code", "chaining_field", "encrypted_ballot_nonce", "ballot_ref")
    ID_B_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    BALLOT_STYLE_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_CODE_FIELD_NUMBER: _ClassVar[int]
    CHAINING_FIELD_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_BALLOT_NONCE_FIELD_NUMBER: _ClassVar[int]
    BALLOT_REF_FIELD_NUMBER: _ClassVar[int]
    id_b: bytes
    h_i: bytes
    ballot_style: str
    contests: _containers.RepeatedCompositeFieldContainer[CompactUncastContest]
    confirmation_code: bytes
    chaining_field: bytes
    encrypted_ballot_nonce: HashedCiphertext
    ballot_ref: str
    def __init__(self, id_b: _Optional[bytes] = ..., h_i: _Optional[bytes] = ..., ballot_style: _Optional[str] = ..., contests: _Optional[_Iterable[_Union[CompactUncastContest, _Mapping]]] = ..., confirmation_code: _Optional[bytes] = ..., chaining_field: _Optional[bytes] = ..., encrypted_ballot_nonce: _Optional[_Union[HashedCiphertext, _Mapping]] = ..., ballot_ref: _Optional[str] = ...) -> None: ...

class DeviceClose(_message.Message):
    __slots__ = ("ballot_count", "closing_chaining_field", "closing_hash", "closed_at")
    BALLOT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_CHAINING_FIELD_FIELD_NUMBER: _ClassVar[int]
    CLOSING_HASH_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    ballot_count: int
    closing_chaining_field: bytes
    closing_hash: bytes
    closed_at: _timestamp_pb2.Timestamp
    def __init__(self, ballot_count: _Optional[int] = ..., closing_chaining_field: _Optional[bytes] = ..., closing_hash: _Optional[bytes] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignedStatement(_message.Message):
    __slots__ = ("statement", "algorithm", "key_id", "signer_key", "signature", "timestamp_token")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNER_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_TOKEN_FIELD_NUMBER: _ClassVar[int]
    statement: bytes
    algorithm: str
    key_id: bytes
    signer_key: bytes
    signature: bytes
    timestamp_token: bytes
    def __init__(self, statement: _Optional[bytes] = ..., algorithm: _Optional[str] = ..., key_id: _Optional[bytes] = ..., signer_key: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., timestamp_token: _Optional[bytes] = ...) -> None: ...

class EncryptedTallyHeader(_message.Message):
    __slots__ = ("cast_ballot_count", "total_cast_weight")
    CAST_BALLOT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_CAST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    cast_ballot_count: int
    total_cast_weight: int
    def __init__(self, cast_ballot_count: _Optional[int] = ..., total_cast_weight: _Optional[int] = ...) -> None: ...

class EncryptedTallyContest(_message.Message):
    __slots__ = ("index", "fields", "cast_weight")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    CAST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    index: int
    fields: bytes
    cast_weight: int
    def __init__(self, index: _Optional[int] = ..., fields: _Optional[bytes] = ..., cast_weight: _Optional[int] = ...) -> None: ...

class BallotLocator(_message.Message):
    __slots__ = ("kind", "h_di", "position")
    KIND_FIELD_NUMBER: _ClassVar[int]
    H_DI_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    kind: DeviceKind
    h_di: bytes
    position: int
    def __init__(self, kind: _Optional[_Union[DeviceKind, str]] = ..., h_di: _Optional[bytes] = ..., position: _Optional[int] = ...) -> None: ...

class ContestDataRequest(_message.Message):
    __slots__ = ("ballot", "h_i", "contest_index")
    BALLOT_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    CONTEST_INDEX_FIELD_NUMBER: _ClassVar[int]
    ballot: BallotLocator
    h_i: bytes
    contest_index: int
    def __init__(self, ballot: _Optional[_Union[BallotLocator, _Mapping]] = ..., h_i: _Optional[bytes] = ..., contest_index: _Optional[int] = ...) -> None: ...

class DecryptedTallyField(_message.Message):
    __slots__ = ("index", "label", "tally", "encoded_tally", "proof")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TALLY_FIELD_NUMBER: _ClassVar[int]
    ENCODED_TALLY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    tally: int
    encoded_tally: bytes
    proof: bytes
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., tally: _Optional[int] = ..., encoded_tally: _Optional[bytes] = ..., proof: _Optional[bytes] = ...) -> None: ...

class DecryptedTallyContest(_message.Message):
    __slots__ = ("index", "label", "fields")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    fields: _containers.RepeatedCompositeFieldContainer[DecryptedTallyField]
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[DecryptedTallyField, _Mapping]]] = ...) -> None: ...

class DecryptedField(_message.Message):
    __slots__ = ("index", "label", "value", "nonce")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    value: int
    nonce: bytes
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., value: _Optional[int] = ..., nonce: _Optional[bytes] = ...) -> None: ...

class ReleasedContestData(_message.Message):
    __slots__ = ("nonce", "data")
    NONCE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    nonce: bytes
    data: bytes
    def __init__(self, nonce: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class DecryptedContest(_message.Message):
    __slots__ = ("index", "label", "fields", "contest_data")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    CONTEST_DATA_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    fields: _containers.RepeatedCompositeFieldContainer[DecryptedField]
    contest_data: ReleasedContestData
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[DecryptedField, _Mapping]]] = ..., contest_data: _Optional[_Union[ReleasedContestData, _Mapping]] = ...) -> None: ...

class ChallengedBallotDecryption(_message.Message):
    __slots__ = ("ballot", "h_i", "contests")
    BALLOT_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    ballot: BallotLocator
    h_i: bytes
    contests: _containers.RepeatedCompositeFieldContainer[DecryptedContest]
    def __init__(self, ballot: _Optional[_Union[BallotLocator, _Mapping]] = ..., h_i: _Optional[bytes] = ..., contests: _Optional[_Iterable[_Union[DecryptedContest, _Mapping]]] = ...) -> None: ...

class ContestDataDecryption(_message.Message):
    __slots__ = ("ballot", "h_i", "contest_index", "beta", "proof", "data")
    BALLOT_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    CONTEST_INDEX_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ballot: BallotLocator
    h_i: bytes
    contest_index: int
    beta: bytes
    proof: bytes
    data: bytes
    def __init__(self, ballot: _Optional[_Union[BallotLocator, _Mapping]] = ..., h_i: _Optional[bytes] = ..., contest_index: _Optional[int] = ..., beta: _Optional[bytes] = ..., proof: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class UncastContestNonces(_message.Message):
    __slots__ = ("index", "nonces")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    index: int
    nonces: bytes
    def __init__(self, index: _Optional[int] = ..., nonces: _Optional[bytes] = ...) -> None: ...

class UncastNonceRelease(_message.Message):
    __slots__ = ("ballot", "h_i", "contests", "ballot_nonce")
    BALLOT_FIELD_NUMBER: _ClassVar[int]
    H_I_FIELD_NUMBER: _ClassVar[int]
    CONTESTS_FIELD_NUMBER: _ClassVar[int]
    BALLOT_NONCE_FIELD_NUMBER: _ClassVar[int]
    ballot: BallotLocator
    h_i: bytes
    contests: _containers.RepeatedCompositeFieldContainer[UncastContestNonces]
    ballot_nonce: bytes
    def __init__(self, ballot: _Optional[_Union[BallotLocator, _Mapping]] = ..., h_i: _Optional[bytes] = ..., contests: _Optional[_Iterable[_Union[UncastContestNonces, _Mapping]]] = ..., ballot_nonce: _Optional[bytes] = ...) -> None: ...

class ChainCloseStatement(_message.Message):
    __slots__ = ("h_e", "device_key", "device_id", "chaining_mode", "ballot_count", "codes_root", "closing_hash", "closed_at")
    H_E_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    CHAINING_MODE_FIELD_NUMBER: _ClassVar[int]
    BALLOT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CODES_ROOT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_HASH_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    h_e: bytes
    device_key: bytes
    device_id: str
    chaining_mode: int
    ballot_count: int
    codes_root: bytes
    closing_hash: bytes
    closed_at: _timestamp_pb2.Timestamp
    def __init__(self, h_e: _Optional[bytes] = ..., device_key: _Optional[bytes] = ..., device_id: _Optional[str] = ..., chaining_mode: _Optional[int] = ..., ballot_count: _Optional[int] = ..., codes_root: _Optional[bytes] = ..., closing_hash: _Optional[bytes] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SectionSealStatement(_message.Message):
    __slots__ = ("h_e", "device_key", "item_count", "section_root")
    H_E_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    SECTION_ROOT_FIELD_NUMBER: _ClassVar[int]
    h_e: bytes
    device_key: bytes
    item_count: int
    section_root: bytes
    def __init__(self, h_e: _Optional[bytes] = ..., device_key: _Optional[bytes] = ..., item_count: _Optional[int] = ..., section_root: _Optional[bytes] = ...) -> None: ...

class PrefixCheckpointStatement(_message.Message):
    __slots__ = ("h_e", "device_key", "ballot_count", "codes_root", "at")
    H_E_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    BALLOT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CODES_ROOT_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    h_e: bytes
    device_key: bytes
    ballot_count: int
    codes_root: bytes
    at: _timestamp_pb2.Timestamp
    def __init__(self, h_e: _Optional[bytes] = ..., device_key: _Optional[bytes] = ..., ballot_count: _Optional[int] = ..., codes_root: _Optional[bytes] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordStatement(_message.Message):
    __slots__ = ("phase", "root", "h_e", "format_major", "format_minor", "signed_at", "signer_role")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    H_E_FIELD_NUMBER: _ClassVar[int]
    FORMAT_MAJOR_FIELD_NUMBER: _ClassVar[int]
    FORMAT_MINOR_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    SIGNER_ROLE_FIELD_NUMBER: _ClassVar[int]
    phase: RecordPhase
    root: bytes
    h_e: bytes
    format_major: int
    format_minor: int
    signed_at: _timestamp_pb2.Timestamp
    signer_role: str
    def __init__(self, phase: _Optional[_Union[RecordPhase, str]] = ..., root: _Optional[bytes] = ..., h_e: _Optional[bytes] = ..., format_major: _Optional[int] = ..., format_minor: _Optional[int] = ..., signed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., signer_role: _Optional[str] = ...) -> None: ...

class TocEntry(_message.Message):
    __slots__ = ("section_type", "key", "critical", "item_count", "root")
    SECTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CRITICAL_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    section_type: SectionType
    key: bytes
    critical: bool
    item_count: int
    root: bytes
    def __init__(self, section_type: _Optional[_Union[SectionType, str]] = ..., key: _Optional[bytes] = ..., critical: bool = ..., item_count: _Optional[int] = ..., root: _Optional[bytes] = ...) -> None: ...

class ConfirmationCodeLeaf(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: bytes
    def __init__(self, code: _Optional[bytes] = ...) -> None: ...
