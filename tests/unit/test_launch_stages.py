from amarvote.launch.stages import stages

NAMES = ("setup", "accept", "aggregate", "merge", "publish", "share", "reveal", "respond", "combine", "record")
ORDER = [
    "ceremony",
    "setup",
    "encrypt",
    "accept",
    "aggregate",
    "merge",
    "publish",
    "guardians verify",
    "share",
    "reveal",
    "respond",
    "combine",
    "record",
]


def told(state, phases, submitted=0, verified=((2, 4), (0, 1))):
    progress = {
        "state": state,
        "phases": [{"name": name, "done": 1, "chunks": 2} for name in phases],
        "ballots": {"submitted": submitted, "accepted": submitted - 1, "rejected": 0},
    }
    return stages(progress, 10, (3, 6), verified)


def test_the_ceremony_is_shown_from_the_start():
    assert told("ceremony", []) == [("ceremony", 3, 6)]
    assert told("setting_up", ["setup"]) == [("ceremony", 6, 6), ("setup", 1, 2)]


def test_stages_come_in_the_order_in_which_they_begin_wherever_a_run_is_resumed():
    assert [name for name, _, _ in told("recording", NAMES, 10)] == ORDER
    shown = told("open", NAMES[:2], 5)
    assert shown == [("ceremony", 6, 6), ("setup", 1, 2), ("encrypt", 5, 10), ("accept", 4, 10)]


def test_guardians_are_through_once_shares_are_asked_for():
    assert told("waiting_for_guardians", NAMES[:5], 10)[-1] == ("guardians verify", 2, 8)
    assert ("guardians verify", 8, 8) in told("decrypting", NAMES[:6], 10)
    assert not [name for name, _, _ in told("counting", NAMES[:5], 10) if name.startswith("guardians")]


def test_a_phase_whose_chunks_are_not_made_yet_is_not_shown():
    progress = {
        "state": "counting",
        "phases": [{"name": "merge", "done": 0, "chunks": 0}],
        "ballots": {"submitted": 0, "accepted": 0, "rejected": 0},
    }
    assert stages(progress, 10, (6, 6), []) == [("ceremony", 6, 6)]
