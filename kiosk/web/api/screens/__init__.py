"""What screens show between calls, and what phones of those who wait are told: notices, pictures, films."""
