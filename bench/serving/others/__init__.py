"""Servers of the same booster without BentoML, as people write them; they run in the environment `bench_serving`."""
