"""Where every input row went, how far each source reaches, and what every check said."""
