"""A governed template as it runs: its containers, agents and scripts, and the image they run in."""
