"""The one module group that writes: as-of views, build, audit, publish, ledger, published copy, vault."""
