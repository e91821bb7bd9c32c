"""What this box does with its devices: build, probe and simulate them, announce calls on them.

May import ``event_feed``, ``service`` and ``opening``, never ``web``. Start with ``building``.
"""
