//! YAML, read with places and written so that every reader gets the same text back.
