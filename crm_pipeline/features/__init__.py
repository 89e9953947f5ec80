"""What was known of each customer at each snapshot."""
