"""What is told to the people who run the hall: a device's trouble, a box's condition, an alert, a call for help.

May import the rest of ``display`` but ``paper``. Start reading in ``advice``, which has the words for devices.
"""
