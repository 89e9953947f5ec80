"""Alerts: who is told, and how, when a run or check fails, the data drift or are stale."""
