"""What outlives a server: its database, secret and tokens."""
