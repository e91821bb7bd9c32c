"""Boxes that share the store: what each says of itself."""
