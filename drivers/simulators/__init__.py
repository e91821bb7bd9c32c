"""Device ends of real ptys and sockets, with hands and eyes: product code, used by ``quhao demo`` and tests.

Mirrors the families of ``drivers``, whose codecs it may import; families do not know each other. Each simulator is a
``simulator.Simulator`` on a plug (``plug_pty``, ``plug_tcp``). Imported only where a device's port is ``sim:``: the
pictures of paper and strips need Pillow. Start reading at ``scanner``.
"""
