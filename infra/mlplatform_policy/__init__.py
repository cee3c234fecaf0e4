"""Rules that every plan keeps, as plain functions: the policy pack and the tests run the same ones."""
