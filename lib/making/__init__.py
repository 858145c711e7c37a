"""How what ships is made: the networks, and the verdicts fitted on what they say."""
