"""What was done for a resident at a window (办件), and the grade the resident gave it (好差评).

May import ``day`` and what is below it. A case outlives its hall day, a ticket does not.
Start with ``cases``; ``applications`` are those that begin at a terminal.
"""
