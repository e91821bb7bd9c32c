"""Where the queue is kept: a SQLite file for one box, a PostgreSQL database for several.

May import ``ticketing.model`` alone. Start with ``base`` (what every store promises), then ``tables``; ``opening``
picks the kind by the URL.
"""
