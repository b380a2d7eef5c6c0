"""Options of small runs."""

from amarvote.launch.options import Options

COUNT = Options("count", 1, 2, 3, 2, (3,), 5, 1, 5)
