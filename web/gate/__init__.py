"""What every request passes: who asks, how often, how much; and how it is refused."""
