"""The ticket printer.

``escpos`` composes a slip's bytes and ``escpos_status`` reads the printer's answers (both without I/O), ``line`` counts
the answers of one connection, and :mod:`drivers.printer.driver` prints and has each slip confirmed. May import
what stands below the families (``drivers.device``, ``port``, ``supervisor``, ``errors``), and no other family. Start
reading at ``driver``.
"""
