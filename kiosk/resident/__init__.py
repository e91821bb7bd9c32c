"""The resident at this box: card, choice, slip.

May import ``event_feed``, ``service`` and ``opening``, never ``web``. Start with ``session``, which is pure, then
``view`` and ``controller``, which joins it to reader, printer and page.
"""
