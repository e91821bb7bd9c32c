"""The queue: who waits for what, who is next and why, and who may see which resident's data.

Floors, from the top; a room imports only what is below it (import-linter holds that):

::

    cut_off                     a box that goes on without the store
    office  terminals           the faces: each verb is one transaction
    line                        issue, call, hold, transfer, undo; what screens and residents are shown
    cases                       what was done for a resident, and its grade
    appointments reports backup
    day                         the transaction, and what belongs to one hall day
    privacy people              sealing, the audit log; accounts and tokens
    store                       SQLite or PostgreSQL, tables, migrations
    model policy calendar events waits      pure: no store, no clock

Start reading at ``office`` for what can be asked, at ``model`` for what there is.
"""
