"""The settings that say where the database and the broker are."""

DATABASE = "AMARVOTE_DATABASE_URL"
BROKER = "AMARVOTE_BROKER_URL"
