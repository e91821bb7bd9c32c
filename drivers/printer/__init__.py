"""The ticket printer.

``escpos`` composes a slip's bytes and ``escpos_status`` reads the printer's answers (both without I/O), ``line`` counts
the answers of one connection, and :mod:`drivers.printer.printer` prints and has each slip confirmed. May import
``drivers.errors``, ``port`` and ``supervisor``, and no other family of devices. Start reading at ``printer``.
"""
