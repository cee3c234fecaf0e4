"""Measures how long a plan takes, against a program that registers as many resources and does nothing else.

The engine is real and the providers are simulated, in the same process as the program: what is measured is the program,
the engine and these providers, and no cloud. The providers read each resource type out of the SDK once, which is part
of an environment's time and, with one type, hardly of the floor's.
"""
