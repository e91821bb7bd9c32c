"""Simulated card readers, and the invented cards to lay on them."""
