"""LED strips over windows, and boards of a hall.

A maker is a driver that joins its codec to a line: :mod:`drivers.led.bx` with ``onbon_bx``, ``lihe`` with
``lihe_frames``; what all strips do alike is in ``strip``, their common settings in ``settings``. May import what stands
below the families (``drivers.shared_line``, ``device``, ``port``, ``supervisor``, ``errors``), and no other family.
Start reading at ``strip``.
"""
