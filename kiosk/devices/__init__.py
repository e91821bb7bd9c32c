"""What this box does with its devices: announce calls, probe and test them, simulate them.

May import ``event_feed``, ``service`` and ``opening``, never ``web``. Start with ``announcing``.
"""
