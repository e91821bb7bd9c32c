"""``/matters``: what residents come for. ``routes`` has the calls, ``shapes`` what they take and give."""
