"""Why a device stops, as sentences for people."""


class DeviceError(Exception):
    """The device takes no further ballot; the message says what happened and what to do."""
