"""The Pulumi program as a package: reads like the picture in docs/architecture.md."""
