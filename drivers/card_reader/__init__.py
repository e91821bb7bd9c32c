"""ID card readers, slots for chip cards, and what stands on a card.

A reader is one module that joins codecs to a port: :mod:`drivers.card_reader.sam`, whose codec is ``sam_v`` and whose
line ``sam_line``, and ``pcsc``, whose slots are in ``pcsc_slot``. What all readers tell is in ``events``; cards are
read by ``id_card`` and ``social_security``. May import what stands below the families (``drivers.device``, ``port``,
``supervisor``, ``errors``), and no other family. Start reading at ``sam``.
"""
