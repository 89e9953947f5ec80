"""The customer 360: all that is known of one customer, as text or as a page."""
