"""Commands that concern the box itself: what is wrong with it, its kiosk's browser, its backups, its key file."""
