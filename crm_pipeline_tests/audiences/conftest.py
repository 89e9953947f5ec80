"""The servers of the connectors' tests."""

from crm_pipeline_tests.ingestion.connectors.conftest import mariadb, postgres

__all__ = ["mariadb", "postgres"]
