"""Simulated LED strips: their cards (``bx``, ``lihe``), their pictures, what can go wrong with them (``faults``).

Start reading at ``bx``. A strip has a port of its own, or hangs on a ``bus`` with others.
"""
