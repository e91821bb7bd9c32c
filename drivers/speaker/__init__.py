"""The hall's voice.

``sound`` reads WAV files and joins samples, ``clips`` finds recordings, ``programs`` runs espeak-ng and aplay, ``alsa``
is the sound card, ``hours`` are those when it is quiet, and :mod:`drivers.speaker.driver` says announcements in order.
May import what stands below the families (``drivers.device``, ``supervisor``, ``errors``), and no other family. Start
reading at ``driver``.
"""
