"""How each network and verdict that ships is made, from simulation to its card."""
