"""Connectors: databases, MongoDB, REST services and object stores, landed as files that load like any other."""

LANDED_FILES = "landed_files"
"""The asset that lands them."""
