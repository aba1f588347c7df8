"""
C{python -m balws}: the command C{balws}.
"""

from balws.cli.command import main

if __name__ == "__main__":
    raise SystemExit(main())
