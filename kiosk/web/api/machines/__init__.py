"""Devices, climate and, in a demonstration, the virtual hall."""
