"""The lake on S3, and who may do what with its areas."""
