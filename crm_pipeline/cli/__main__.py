"""`python -m crm_pipeline.cli` is the command `crm-pipeline`."""

from crm_pipeline.cli import main

main()
