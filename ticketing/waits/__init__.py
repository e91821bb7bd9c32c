"""How long people will wait: how fast cases go, and the queue simulated with the windows that are open. Pure.

May import nothing of ``ticketing`` outside this room. Start with ``estimate``.
"""
