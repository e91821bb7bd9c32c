"""Cards on readers that are not the kiosk's: at terminals, and laid to ask on behalf of whose they are."""
