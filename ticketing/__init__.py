"""The queue: who waits for what, who is next and why, and who may see which resident's data.

The verbs are in ``office``; the table of states, events and errors in ``model``; the order in ``policy``; all SQL in
``store``; what is sealed in ``vault``.
"""
