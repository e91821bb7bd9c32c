"""Appointments: booked days ahead, one by one or from another system's list, and used on the day.

May import ``day`` and what is below it. Start with ``appointments``, the face that the API uses; ``booking`` is
what one transaction does.
"""
