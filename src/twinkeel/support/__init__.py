"""One way to do each small thing that several rooms need."""
