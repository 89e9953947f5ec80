"""Readers of files: CSV and its kin, JSON, Parquet, Excel and log lines, however dirty, as text with positions."""

from crm_pipeline.ingestion.reading.look import FileLook, inspect_file, open_reader
from crm_pipeline.ingestion.reading.settings import READER_VERSION, ReadSettings

__all__ = ["READER_VERSION", "FileLook", "ReadSettings", "inspect_file", "open_reader"]
