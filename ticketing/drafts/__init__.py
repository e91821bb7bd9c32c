"""The hall's next setup while it is being made: one draft that managers share, field by field.

May import ``day`` and what is below it. Start with ``drafts``; ``documents`` is what a draft is made of.
"""
