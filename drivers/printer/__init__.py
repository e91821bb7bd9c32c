"""The ticket printer.

``profiles`` says what each model can do, ``escpos`` composes a slip's bytes and ``escpos_status`` reads the printer's
answers (without I/O), ``line`` asks on one connection, ``job`` and ``doubts`` know what became of slips, and
:mod:`drivers.printer.driver` prints and has each slip confirmed. May import what stands below the families
(``drivers.device``, ``port``, ``supervisor``, ``errors``), and no other family. Start reading at ``driver``.
"""
