"""Figures of past days for the manager: waits, cases, grades, by service, window and clerk. Never a person.

May import ``day`` and what is below it. ``reports`` is what managers see, ``figures`` holds all the SQL.
"""
