"""ID card readers, and what stands on a card.

A reader is one module that joins a codec to a port: :mod:`drivers.card_reader.sam`, whose codec is ``sam_v``. The text
of a card is parsed by ``id_card``. May import ``drivers.errors``, ``port`` and ``supervisor``, and no other family of
devices. Start reading at ``sam``.
"""
