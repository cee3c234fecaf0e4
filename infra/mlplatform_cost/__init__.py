"""What an environment costs in a month, before anything is made: from its configuration and a dated price table."""
