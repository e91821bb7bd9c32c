"""What every verb stands on: the transaction, the hall day it belongs to, and what the day keeps.

May import ``privacy``, ``people``, ``store`` and the pure modules. Start with ``ledger``, which opens a transaction and
closes days that are over, then ``transaction``.
"""
