"""Notices: what screens show between calls, and what the phones of those who wait are told.

May import ``day`` and what is below it. Start with ``notices``.
"""
