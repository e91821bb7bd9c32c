"""HTTP: the server, event streams, who may ask what, the API (``api``), and the pages (``pages``).

May import ``resident``, ``devices`` and what is below them, never ``wiring`` or ``cli``. Start with ``app`` (what
stands before every route) and ``auth`` (who is asking); ``hall`` is all that a route may use.
"""
