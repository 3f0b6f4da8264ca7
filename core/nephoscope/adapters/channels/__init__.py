"""How each kind of channel is told."""
