"""Is everything as an apply needs it? Look first (facts), evaluate later (pure functions), one registry of checks."""
