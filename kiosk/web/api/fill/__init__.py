"""Filling forms of business systems: their mappings, and the values for one."""
