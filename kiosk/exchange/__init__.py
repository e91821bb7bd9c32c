"""Files that other programs write and read: lists of appointments, reports as CSV, a hall's setup.

May import nothing else of ``kiosk``. Pure: no store, no socket.
"""
