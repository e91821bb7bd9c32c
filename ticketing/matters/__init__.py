"""Matters (事项): what residents come for, apart from the queues it is called from.

May import ``day`` and what is below it. Start with ``matters``; ``spelling`` makes the pinyin that a search goes by.
"""
