"""Calls for help: from a kiosk, a terminal, a window, a phone; and emergency calls between clerks.

Independent of ``appointments``, ``backup`` and ``reports``. Start with ``help_calls``.
"""
