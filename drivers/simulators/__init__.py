"""Device ends of real ptys and sockets, with hands and eyes: product code, used by ``quhao demo`` and tests."""
