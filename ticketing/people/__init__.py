"""Accounts with passwords, machines with tokens, log-ins, and how guessing is slowed down.

May import ``store`` and ``model``. Start with ``people``.
"""
