"""The networks: their layers, losses, training and figures."""
