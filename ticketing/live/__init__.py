"""The hall at this moment for its manager: who waits, what the windows do, and what stands badly. Never a person.

May import ``line`` and what is below it. ``alerts`` holds the rules, pure; start with ``watch``.
"""
