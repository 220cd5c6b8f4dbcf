"""Is everything as an apply needs it? Look first (facts), judge later (pure functions), one registry of checks."""
