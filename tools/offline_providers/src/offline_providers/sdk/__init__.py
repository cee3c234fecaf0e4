"""What Pulumi's SDKs know of resources, and how inputs are checked and compared by it."""
