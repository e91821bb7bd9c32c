"""ID card readers, and what stands on a card.

A reader is one module that joins a codec to a port: :mod:`drivers.card_reader.sam`, whose codec is ``sam_v``. What all
readers tell is in ``events``; the text of a card is parsed by ``id_card``. May import what stands below the families
(``drivers.device``, ``port``, ``supervisor``, ``errors``), and no other family. Start reading at ``sam``.
"""
