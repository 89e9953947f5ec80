"""Audiences: who of the customers is handed over to act on, and who is held out to compare with."""
