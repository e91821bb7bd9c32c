"""LED strips over windows.

A strip is one module that joins a codec to a port: :mod:`drivers.led.bx`, whose codec is ``onbon_bx``. May import
``drivers.errors``, ``port`` and ``supervisor``, and no other family of devices. Start reading at ``bx``.
"""
