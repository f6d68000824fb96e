"""``python -m bot`` is `wrc`."""

from bot.cli import main

if __name__ == "__main__":
    main()
