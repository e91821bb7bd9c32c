"""Simulated LED strips."""
