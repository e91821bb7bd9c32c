"""Figures of past days for the manager: waits, cases, grades, by service, window and clerk. Never a person.

May import ``day`` and what is below it. ``reports`` says what is told, ``figures`` holds all the SQL.
"""
