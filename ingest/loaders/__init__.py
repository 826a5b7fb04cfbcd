"""One loader for each family of formats: bytes in, canonical text with its blocks out."""
