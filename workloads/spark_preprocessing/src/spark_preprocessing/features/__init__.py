"""What was known when: events, the tables that are looked up in, and the flights with their features."""
