"""The app as it is built, packed, installed and removed."""
