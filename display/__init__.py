"""Decisions turned into words: a slip, a strip, a spoken sentence, an advice. Pure: nothing here does I/O."""
