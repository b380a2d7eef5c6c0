"""The commands. Knows the other rooms' use cases, never the store."""
