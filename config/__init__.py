"""What this box is: settings, read from one TOML file and checked whole."""
