"""`python -m twinkeel`: the same as the command `twinkeel`."""

from twinkeel.cli.main import main

if __name__ == "__main__":
    main()
