"""What every verb stands on: the transaction, the hall day it belongs to, and what is set up for that day.

May import ``privacy``, ``people``, ``store`` and the pure modules. Start with ``ledger``, which opens a transaction and
closes days that are over, then ``transaction``.
"""
