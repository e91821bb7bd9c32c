"""The simulated ticket printer: ``typesetter`` carries its commands out, ``paper`` draws what comes out."""
