"""The configuration of an environment: its model, how it is read, and what is checked before anything is planned."""
