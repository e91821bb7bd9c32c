"""The whole store in one file, and back, from a store of either kind into either.

May import ``day`` and what is below it. Start with ``backup``; ``restore`` says what is never brought back.
"""
