"""``python -m schoolgate`` is the ``schoolgate`` command."""

from schoolgate.cli import main

if __name__ == "__main__":
    main()
