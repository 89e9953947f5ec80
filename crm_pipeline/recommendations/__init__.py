"""What each customer would like next."""
