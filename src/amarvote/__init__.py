"""AmarVote: verifiable elections whose ballots are counted without being opened."""
