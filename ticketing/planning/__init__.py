"""What a manager asks before a day: how many will come, and what a window more or less would change.

May import ``line`` and what is below it. The models are in ``waits``, pure; start with ``planning``.
"""
