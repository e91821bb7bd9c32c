"""LED strips over windows.

A strip is one module that joins a codec to a port: :mod:`drivers.led.bx`, whose codec is ``onbon_bx``. May import what
stands below the families (``drivers.device``, ``port``, ``supervisor``, ``errors``), and no other family. Start reading
at ``bx``.
"""
