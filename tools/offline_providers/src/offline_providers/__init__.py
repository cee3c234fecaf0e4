"""Provider plugins for the real Pulumi engine, on machines where the official ones cannot be had."""
