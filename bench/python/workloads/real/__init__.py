"""Models of the sizes that people deploy: `--workloads real`."""
