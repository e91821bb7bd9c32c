"""What is set up for the hall's days: services, windows, hours, quotas, and the history of their changes.

May import ``day`` and what is below it. Start with ``setup``; ``timetable`` reads what of it holds for a day.
"""
