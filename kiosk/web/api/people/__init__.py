"""Who logs in, what they do with their account and others', and the log of what everybody did."""
