"""What everybody may read of a defect: its class. Its words may quote what it failed over, and are for the log."""


def told(problem: Exception) -> str:
    """The defect as it stands in a chunk's reason, which is public; of a database's error the driver's class."""
    cause = getattr(problem, "orig", None) or problem
    return f"{type(cause).__name__}, a defect of the service. What happened stands in its log."
