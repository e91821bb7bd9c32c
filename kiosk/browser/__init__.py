"""Chromium on a kiosk or a screen: started, watched over DevTools, and brought back whatever happens to it."""
