"""Typed, deduplicated tables of the customer model; each row depends only on itself and on rows known no later."""
