"""The queue itself: tickets are issued, called, held, transferred, finished, undone, and shown.

May import every other room of ``ticketing`` but the faces ``office`` and ``terminals``. Each module is one verb or one
question, a function of the transaction, with its SQL beside it. Start with ``issuing``, then ``next_up`` and
``calling``; ``views`` is what screens, windows and residents see.
"""
