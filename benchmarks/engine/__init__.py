"""How fast the engine is, and how much of memory it takes, beside the tools that one would take otherwise."""
