"""Screen boxes: which screen of the hall shows what."""
