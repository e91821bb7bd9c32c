"""The queue: who waits for what, who is next and why, and who may see which resident's data.

Faces, each verb of which is one transaction; everything behind them works inside one, on a ``moment``::

    office         numbers, windows, slips, views      calling, turns, windows, stays, holding, undoing, handover,
                                                       issuing, limits, ranking, finding, order, print_jobs, views,
                                                       crowd
    appointments   booked times                        booking
    cases          what was done, and how it goes on   supplements, ratings, terminals
    reports        figures of days and spans           figures
    setup          what the hall is made of            timetable
    backup         out of one store, into another      restore, sequences
    people         accounts, tokens, log-ins           passwords, guessing

Pure, without a store: ``model`` (states, events, errors), ``policy`` (the order), ``calendar`` (when what is open),
``estimate``, ``pace`` and ``wait`` (how long), ``codes``. Below all: ``ledger`` opens transactions, ``days`` and
``set_back`` begin and end hall days, ``store`` with its two kinds keeps ``tables``, ``prepared`` runs statements,
``group_commit`` has writers share a wait for the disk, ``news`` hears of what others committed, ``vault`` and
``sealing`` keep ``residents`` closed, ``access_log`` tells who looked, ``answers`` repeats what was answered.
"""
