"""A newcomer's files become a project: what they hold is inferred, and whether that suffices is said before any run."""
