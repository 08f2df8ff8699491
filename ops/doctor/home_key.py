"""The name of the file with the key ring, in a home with an embedded PostgreSQL."""

KEY_FILE = "encryption.key"
